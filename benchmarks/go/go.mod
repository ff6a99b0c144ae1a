module foreword.example/benchmarks

go 1.26.0

require (
	foreword.example/foreword v0.0.0
	github.com/redis/go-redis/v9 v9.23.0
	google.golang.org/grpc v1.76.0
)

require (
	github.com/PowerDNS/lmdb-go v1.9.4 // indirect
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	go.uber.org/atomic v1.12.0 // indirect
	golang.org/x/net v0.42.0 // indirect
	golang.org/x/sys v0.48.0 // indirect
	golang.org/x/text v0.27.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20250804133106-a7a43d27e69b // indirect
	google.golang.org/protobuf v1.36.10 // indirect
)

replace foreword.example/foreword => ../../clients/go

"""How to call the daemons that a kept demo leaves running, from three languages."""

from __future__ import annotations

from foreword.cli.demo.daemons import DemoDaemons

_TEXT = """
Left running: process {pid}, store and log in {folder}
Stop it and remove the store:
   kill {pid}; while kill -0 {pid}; do sleep 0.2; done 2>/dev/null; rm -r {folder}

From this command line:
   foreword text {user} --address {unix}
   foreword status --address {unix}

From Python, where Foreword is installed:
   from foreword.client import Foreword
   print(Foreword("{unix}").text("{user}"))

From Node (npm install @grpc/grpc-js @grpc/proto-loader; whole in examples/node):
   const {{ ProfileService }} = grpc.loadPackageDefinition(loader.loadSync(
     "foreword/v1/profile_service.proto", {{ includeDirs: ["proto"], keepCase: true }})).foreword.v1;
   new ProfileService("{unix}", grpc.credentials.createInsecure())
     .GetForeword({{ user_id: "{user}" }}, (error, foreword) => console.log(error ?? foreword.text));

From Go (stubs by `buf generate`; whole in examples/go):
   connection, err := grpc.NewClient("{unix}",
      grpc.WithTransportCredentials(insecure.NewCredentials()))
   foreword, err := forewordv1.NewProfileServiceClient(connection).GetForeword(ctx,
      &forewordv1.GetForewordRequest{{UserId: "{user}"}})

From any shell, by reflection:
   grpcurl -plaintext -d '{{"user_id": "{user}"}}' {port} foreword.v1.ProfileService/GetForeword
"""


def how_to_call(daemons: DemoDaemons, user: str) -> str:
    """Return what to type, with the addresses in use and a user who has a foreword."""
    return _TEXT.format(
        pid=daemons.process.pid,
        folder=daemons.folder,
        unix=daemons.address,
        port=daemons.port_address,
        user=user,
    )

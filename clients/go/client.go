package foreword

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"

	forewordv1 "foreword.example/foreword/gen/foreword/v1"
)

const (
	// Users or events that one call takes.
	batchMax = 1000
	// An application should rather go without a foreword than wait for one.
	defaultTimeout = 2 * time.Second
	// 1,000 profiles of 20 KB are larger than gRPC's own limit of 4 MB; the sidecar is trusted.
	receiveBytesMax = 64 << 20
)

// Client calls a sidecar. One client serves all goroutines of a process; it connects at the first call, and again
// when the sidecar is back.
//
// Reads answer even when they fail: beside an error stands the default profile with FRESHNESS_UNSPECIFIED, which no
// sidecar sends, an empty text, or the candidates as they were given. So an application that ignores the error goes
// on without personalization.
type Client struct {
	// Timeout is the longest time of one call, repeated tries included; 2 seconds unless changed before the first
	// call.
	Timeout time.Duration

	namespace  string
	target     string
	connection *grpc.ClientConn
	reach      *reach
}

// NewClient returns a client of the sidecar at unix:PATH or HOST:PORT, without TLS unless an option says so.
func NewClient(target string, options ...grpc.DialOption) (*Client, error) {
	usual := []grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(receiveBytesMax)),
		// Whether a call is made again is decided in reach.go.
		grpc.WithDisableRetry(),
		// A proxy set for the internet must not be asked for loopback.
		grpc.WithNoProxy(),
		// gRPC's own waits, a second to two minutes, are made for the internet, not for a process next door.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff: backoff.Config{
				BaseDelay: 50 * time.Millisecond, Multiplier: 1.6, MaxDelay: 500 * time.Millisecond},
			MinConnectTimeout: time.Second,
		}),
	}
	connection, err := grpc.NewClient(target, append(usual, options...)...)
	if err != nil {
		return nil, &Error{Reason: FieldInvalid, Field: "target", Message: err.Error(), cause: err}
	}
	return &Client{Timeout: defaultTimeout, target: target, connection: connection, reach: &reach{}}, nil
}

// Within returns a client on the same connection for users of a namespace.
func (c *Client) Within(namespace string) *Client {
	other := *c
	other.namespace = namespace
	return &other
}

// Close disconnects.
func (c *Client) Close() error { return c.connection.Close() }

// ForewordOption says how long a text may be, or for which session.
type ForewordOption func(*forewordv1.GetForewordRequest)

// MaxTokens sets the budget, 200 unless set; more means 200, and so does 0.
func MaxTokens(tokens uint32) ForewordOption {
	return func(request *forewordv1.GetForewordRequest) { request.MaxTokens = tokens }
}

// Session names the running session, whose newest events are to be named within the budget. A LocalReader knows none.
func Session(id string) ForewordOption {
	return func(request *forewordv1.GetForewordRequest) { request.SessionId = id }
}

func budgetOf(options []ForewordOption) uint32 {
	request := &forewordv1.GetForewordRequest{}
	for _, option := range options {
		option(request)
	}
	return request.GetMaxTokens()
}

// Text returns the prompt-ready text about a user; empty when nothing is known, or nobody answers.
func (c *Client) Text(ctx context.Context, userID string, options ...ForewordOption) string {
	found, _ := c.Foreword(ctx, userID, options...)
	return found.GetText()
}

// Foreword returns the text with its revision, etag, freshness and cuts. It is never nil.
func (c *Client) Foreword(
	ctx context.Context, userID string, options ...ForewordOption,
) (*forewordv1.GetForewordResponse, error) {
	request := &forewordv1.GetForewordRequest{UserId: userID, Namespace: c.namespace}
	for _, option := range options {
		option(request)
	}
	found, err := call(ctx, c, forewordv1.NewProfileServiceClient(c.connection).GetForeword, request)
	if err != nil {
		return &forewordv1.GetForewordResponse{}, err
	}
	return found, nil
}

// Profile returns the profile of a user and how current it is. It is never nil.
func (c *Client) Profile(ctx context.Context, userID string) (*forewordv1.GetProfileResponse, error) {
	request := &forewordv1.GetProfileRequest{UserId: userID, Namespace: c.namespace}
	found, err := call(ctx, c, forewordv1.NewProfileServiceClient(c.connection).GetProfile, request)
	if err != nil {
		return &forewordv1.GetProfileResponse{Profile: defaultProfile(userID, c.namespace)}, err
	}
	return found, nil
}

// Profiles returns the profiles of any number of users, in order, by calls of 1,000; beside an error those of a
// failed call are default ones.
func (c *Client) Profiles(ctx context.Context, userIDs []string) ([]*forewordv1.GetProfileResponse, error) {
	found := make([]*forewordv1.GetProfileResponse, 0, len(userIDs))
	var failed error
	for start := 0; start < len(userIDs); start += batchMax {
		batch := userIDs[start:min(start+batchMax, len(userIDs))]
		request := &forewordv1.BatchGetProfilesRequest{UserIds: batch, Namespace: c.namespace}
		response, err := call(ctx, c, forewordv1.NewProfileServiceClient(c.connection).BatchGetProfiles, request)
		if err == nil {
			found = append(found, response.GetResults()...)
			continue
		}
		failed = err
		for _, userID := range batch {
			found = append(found, &forewordv1.GetProfileResponse{Profile: defaultProfile(userID, c.namespace)})
		}
	}
	return found, failed
}

// Record records events by calls of 1,000, and returns once the kept ones are on disk; those that break a limit are
// named in the answer.
//
// An event without an id gets one, so that it counts once however often it is sent. After an error some may be
// recorded: those with an id of your own can be sent again.
func (c *Client) Record(ctx context.Context, events ...*forewordv1.Event) (*forewordv1.RecordEventsResponse, error) {
	sum := &forewordv1.RecordEventsResponse{}
	for start := 0; start < len(events); start += batchMax {
		request := &forewordv1.RecordEventsRequest{}
		for _, event := range events[start:min(start+batchMax, len(events))] {
			request.Events = append(request.Events, c.named(event))
		}
		response, err := call(ctx, c, forewordv1.NewActivityServiceClient(c.connection).RecordEvents, request)
		if err != nil {
			return sum, err
		}
		sum.AcceptedCount += response.GetAcceptedCount()
		sum.DuplicateCount += response.GetDuplicateCount()
		for _, refused := range response.GetRefused() {
			refused.Index += uint32(start)
			sum.Refused = append(sum.Refused, refused)
		}
	}
	return sum, nil
}

// named returns a copy of an event with an id and a namespace.
func (c *Client) named(event *forewordv1.Event) *forewordv1.Event {
	copied := proto.CloneOf(event)
	if copied.GetEventId() == "" {
		copied.EventId = newID()
	}
	if copied.GetNamespace() == "" {
		copied.Namespace = c.namespace
	}
	return copied
}

// Ranking is an order of candidates.
type Ranking struct {
	// Order has the candidates as they were given, best first.
	Order []*forewordv1.Candidate
	// IsRanked is false where nobody ranked: the candidates then stand as they were given.
	IsRanked bool
	// DecisionID names the order, for Feedback; empty when it was not logged.
	DecisionID string
	// Response is the sidecar's, with scores and propensities; nil where nobody ranked.
	Response *forewordv1.RankActionsResponse
}

// Rank returns candidates in the order in which they suit a user now. The ranking is never nil.
func (c *Client) Rank(ctx context.Context, request *forewordv1.RankActionsRequest) (*Ranking, error) {
	asked := proto.CloneOf(request)
	if asked.GetNamespace() == "" {
		asked.Namespace = c.namespace
	}
	response, err := call(ctx, c, forewordv1.NewRankingServiceClient(c.connection).RankActions, asked)
	given := request.GetCandidates()
	if err != nil || len(response.GetOrder()) == 0 {
		if limit := int(request.GetLimit()); limit > 0 && limit < len(given) {
			given = given[:limit]
		}
		return &Ranking{Order: given}, err
	}
	ranking := &Ranking{IsRanked: true, DecisionID: response.GetDecisionId(), Response: response}
	for _, place := range response.GetOrder() {
		ranking.Order = append(ranking.Order, given[place])
	}
	return ranking, nil
}

// Feedback tells what a user said of an action: by the decision of a ranking, or by user and action. Of an order that
// nobody ranked, which has no decision, nothing is learned and nothing sent. A user beside a decision is whose it must
// be.
func (c *Client) Feedback(
	ctx context.Context, request *forewordv1.RecordFeedbackRequest,
) (*forewordv1.RecordFeedbackResponse, error) {
	said := proto.CloneOf(request)
	if said.GetDecisionId() == "" {
		if said.GetAction() == nil && said.GetUserId() == "" {
			return &forewordv1.RecordFeedbackResponse{}, nil
		}
		if said.GetFeedbackId() == "" {
			said.FeedbackId = newID()
		}
	}
	if said.GetNamespace() == "" {
		said.Namespace = c.namespace
	}
	return call(ctx, c, forewordv1.NewRankingServiceClient(c.connection).RecordFeedback, said)
}

// Status returns counts, freshness and what is wrong now.
func (c *Client) Status(ctx context.Context) (*forewordv1.GetStatusResponse, error) {
	return call(ctx, c, forewordv1.NewOperatorServiceClient(c.connection).GetStatus, &forewordv1.GetStatusRequest{})
}

// Connection returns the connection, for the calls that this package does not wrap.
func (c *Client) Connection() grpc.ClientConnInterface { return c.connection }

func newID() string {
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails
	return hex.EncodeToString(id)
}

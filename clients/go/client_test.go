package foreword

import (
	"context"
	"errors"
	"testing"
	"time"

	forewordv1 "foreword.example/foreword/gen/foreword/v1"
)

func connect(t *testing.T) *Client {
	t.Helper()
	client, err := NewClient(setting(t, "FOREWORD_TARGET"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// Every method is answered by a running sidecar, over a unix socket too.
func TestMethods(t *testing.T) {
	client, err := NewClient(setting(t, "FOREWORD_UNIX_TARGET"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx := context.Background()
	acme := client.Within("acme")
	recorded, err := acme.Record(ctx, &forewordv1.Event{UserId: "gopher", Type: "read", Topics: []string{"tests"}})
	if err != nil || recorded.GetAcceptedCount() != 1 {
		t.Error(recorded, err)
	}
	found, err := client.Foreword(ctx, "ada", MaxTokens(40), Session("s1"))
	if err != nil || found.GetText() == "" || found.GetTokenCount() > 40 {
		t.Error(found, err)
	}
	many, err := client.Profiles(ctx, append(make([]string, 0, 1001), ids(1000, "ada")...))
	if err != nil || len(many) != 1001 || many[1000].GetProfile().GetUserId() != "ada" {
		t.Error(len(many), err)
	}
	if status, err := client.Status(ctx); err != nil || status.GetVersion() == "" {
		t.Error(status, err)
	}
	ranking, err := client.Rank(ctx, &forewordv1.RankActionsRequest{UserId: "ada",
		Candidates: []*forewordv1.Candidate{{ActionId: "verbose"}, {ActionId: "concise"}}})
	if err != nil || !ranking.IsRanked || len(ranking.Order) != 2 {
		t.Fatal(ranking, err)
	}
	said, err := client.Feedback(ctx, &forewordv1.RecordFeedbackRequest{
		DecisionId: ranking.DecisionID, Feedback: forewordv1.Feedback_FEEDBACK_REJECT})
	if err != nil || !said.GetAccepted() {
		t.Error(said, err)
	}
}

// ids returns so many made-up ids and one more.
func ids(count int, last string) []string {
	found := make([]string, count)
	for i := range found {
		found[i] = newID()
	}
	return append(found, last)
}

// A refused call names reason and field; a refused event among kept ones its place.
func TestRefusals(t *testing.T) {
	client, ctx := connect(t), context.Background()
	_, err := client.Profile(ctx, "")
	var refused *Error
	if !errors.As(err, &refused) || refused.Reason != FieldInvalid || refused.Field != "user_id" || !refused.FromSidecar {
		t.Errorf("%#v", err)
	}
	recorded, err := client.Record(ctx, &forewordv1.Event{UserId: "gopher", Type: "read"}, &forewordv1.Event{Type: "read"})
	if err != nil || len(recorded.GetRefused()) != 1 || recorded.GetRefused()[0].GetIndex() != 1 {
		t.Error(recorded, err)
	}
}

// Without a sidecar reads answer as if nothing were known, after a third of a second at first and at once from then
// on.
func TestWithoutASidecar(t *testing.T) {
	client, err := NewClient("unix:" + t.TempDir() + "/nobody")
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx := context.Background()
	found, err := client.Profile(ctx, "ada")
	isDefault := found.GetProfile().GetIsDefault() && found.GetFreshness() == forewordv1.Freshness_FRESHNESS_UNSPECIFIED
	if reasonOf(err) != "UNAVAILABLE" || !isDefault {
		t.Error(found, err)
	}
	started := time.Now()
	ranking, err := client.Rank(ctx, &forewordv1.RankActionsRequest{
		UserId: "ada", Candidates: []*forewordv1.Candidate{{ActionId: "one"}}})
	if err == nil || ranking.IsRanked || len(ranking.Order) != 1 || client.Text(ctx, "ada") != "" {
		t.Error(ranking, err)
	}
	_, err = client.Feedback(ctx, &forewordv1.RecordFeedbackRequest{DecisionId: ranking.DecisionID})
	if err != nil {
		t.Error("feedback of an order that nobody ranked is sent", err)
	}
	if passed := time.Since(started); passed > 200*time.Millisecond {
		t.Error("the second call waited", passed)
	}
}

package foreword

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	forewordv1 "foreword.example/foreword/gen/foreword/v1"
)

// setting returns what clients/run_tests.py says, or skips the test.
func setting(t *testing.T, name string) string {
	t.Helper()
	value := os.Getenv(name)
	if value == "" {
		t.Skip(name + " is not set: run `make test-clients`")
	}
	return value
}

type vectorCase struct {
	Name      string
	Store     string
	Call      string
	UserID    string `json:"user_id"`
	Namespace string
	MaxTokens uint32 `json:"max_tokens"`
	NowMs     int64  `json:"now_ms"`
	Response  string
	Reason    string
	Field     string
}

type vectorTelling struct {
	Name      string
	Store     string
	Reads     []vectorCase
	Datagrams []string
}

type vectorFile struct {
	BriefFrames map[string]uint32 `json:"brief_frames"`
	Cases       []vectorCase
	Tellings    []vectorTelling
}

func readVectors(t *testing.T) (vectors vectorFile) {
	t.Helper()
	content, err := os.ReadFile(setting(t, "FOREWORD_VECTORS"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, &vectors); err != nil || len(vectors.Cases) == 0 || len(vectors.Tellings) == 0 {
		t.Fatal("no vectors", err)
	}
	return vectors
}

// Each read is answered with the message of the vectors, or refused for their reason.
func TestReadsAreThoseOfTheVectors(t *testing.T) {
	vectors := readVectors(t)
	if vectors.BriefFrames[briefFrame] != briefTokens || vectors.BriefFrames[generalBriefFrame] != generalBriefTokens {
		t.Error("the brief frames have other sizes:", vectors.BriefFrames)
	}
	for _, one := range vectors.Cases {
		t.Run(one.Call+" "+one.Name, func(t *testing.T) { checkCase(t, one) })
	}
}

// Reads send the user keys of the vectors to the socket in the store's folder, in their order, and nothing else.
func TestReadsTellAsTheVectorsSay(t *testing.T) {
	for _, one := range readVectors(t).Tellings {
		t.Run(one.Name, func(t *testing.T) { checkTelling(t, one) })
	}
}

func checkTelling(t *testing.T, one vectorTelling) {
	directory := filepath.Join(setting(t, "FOREWORD_VECTOR_STORES"), one.Store)
	if err := os.MkdirAll(directory, 0o700); err != nil {
		t.Fatal(err)
	}
	taking := listen(t, directory)
	var nowMs int64
	reader, err := openLocalAt(directory, func() time.Time { return time.UnixMilli(nowMs) })
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for _, each := range one.Reads {
		nowMs = each.NowMs
		// One that is refused tells of nobody.
		if ours := reader.Within(each.Namespace); each.Call == "profile" {
			_, _ = ours.Profile(each.UserID)
		} else {
			_, _ = ours.Foreword(each.UserID, MaxTokens(each.MaxTokens))
		}
	}
	if told := taking.taken(); !slices.Equal(told, one.Datagrams) {
		t.Errorf("told %v, not %v", told, one.Datagrams)
	}
}

func checkCase(t *testing.T, one vectorCase) {
	now := func() time.Time { return time.UnixMilli(one.NowMs) }
	directory := filepath.Join(setting(t, "FOREWORD_VECTOR_STORES"), one.Store)
	reader, err := openLocalAt(directory, now)
	var found, expected proto.Message
	if err == nil {
		defer reader.Close()
		ours := reader.Within(one.Namespace)
		if one.Call == "profile" {
			expected = &forewordv1.GetProfileResponse{}
			found, err = ours.Profile(one.UserID)
		} else {
			expected = &forewordv1.GetForewordResponse{}
			found, err = ours.Foreword(one.UserID, MaxTokens(one.MaxTokens))
		}
	}
	if one.Reason != "" {
		ours, _ := err.(*Error)
		if ours == nil || ours.Reason != one.Reason || ours.Field != one.Field {
			t.Fatalf("refused with %v, not for %s %s", err, one.Reason, one.Field)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	response, _ := hex.DecodeString(one.Response)
	if err := proto.Unmarshal(response, expected); err != nil {
		t.Fatal(err)
	}
	if !proto.Equal(found, expected) {
		t.Errorf("found %v\nexpected %v", found, expected)
	}
}

package foreword

import (
	forewordv1 "foreword.example/foreword/gen/foreword/v1"
)

const tokenizer = "foreword-upper-bound-2"

// defaultProfile returns what is served of a user nobody knows where no default is stored: nothing is claimed.
func defaultProfile(userID, namespace string) *forewordv1.Profile {
	return &forewordv1.Profile{
		UserId:    userID,
		Namespace: namespace,
		Foreword:  &forewordv1.Foreword{Tokenizer: tokenizer, Cuts: []*forewordv1.ForewordCut{{}}},
		Presentation: &forewordv1.Presentation{
			Depth: forewordv1.Depth_DEPTH_STANDARD, Tone: "neutral", Length: forewordv1.Length_LENGTH_MEDIUM},
		IsDefault: true,
	}
}

// defaultForeword returns the text of it, which is empty.
func defaultForeword() *forewordv1.GetForewordResponse {
	return &forewordv1.GetForewordResponse{
		Etag: "e3b0c44298fc1c14", Tokenizer: tokenizer, Cuts: []*forewordv1.ForewordCut{{}}}
}

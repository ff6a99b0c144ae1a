package foreword

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	forewordv1 "foreword.example/foreword/gen/foreword/v1"
)

// Over a text that was fitted into a small budget, with their sizes in tokens.
const (
	briefFrame          = "User data (may be outdated):"
	briefTokens         = 11
	generalFrame        = "General, not about this user"
	generalBriefFrame   = generalFrame + ":"
	generalBriefTokens  = 9
	tokensMax           = 200
	frameShareOfABudget = 4
)

// cutToBudget fits a text into a budget: of its parts those that go in, one too long left out, under the brief frame
// where its own takes over a quarter. Of the first part stands as much as goes in, at one of the cuts within it.
func cutToBudget(served *forewordv1.GetForewordResponse, budget uint32) {
	if budget == 0 || budget > tokensMax {
		budget = tokensMax
	}
	if served.GetTokenCount() <= budget {
		return
	}
	if len(served.GetParts()) > 0 {
		fit(served, budget)
	} else {
		endAtACut(served, budget)
	}
	digest := sha256.Sum256([]byte(served.GetText()))
	served.Etag = hex.EncodeToString(digest[:8])
}

// endAtACut ends a text without parts, of an older row, at the last of its cuts within the budget.
func endAtACut(served *forewordv1.GetForewordResponse, budget uint32) {
	kept := served.GetCuts()[:0]
	for _, cut := range served.GetCuts() {
		if cut.GetTokenCount() <= budget {
			kept = append(kept, cut)
		}
	}
	end, tokens := uint32(0), uint32(0)
	if len(kept) > 0 {
		end, tokens = kept[len(kept)-1].GetByteEnd(), kept[len(kept)-1].GetTokenCount()
	}
	served.Text, served.TokenCount, served.Cuts = served.GetText()[:end], tokens, kept
}

func fit(served *forewordv1.GetForewordResponse, budget uint32) {
	frame, _, _ := strings.Cut(served.GetText(), "\n")
	frameTokens := served.GetTokenCount()
	for _, part := range served.GetParts() {
		frameTokens -= part.GetTokenCount()
	}
	beginnings := beginningsOf(served, frame, frameTokens)
	if frameTokens*frameShareOfABudget > budget {
		frame, frameTokens = briefFor(frame)
	}
	room := uint32(0)
	if budget > frameTokens {
		room = budget - frameTokens
	}
	parts := fitting(served.GetParts(), beginnings, room)
	served.Parts, served.Text, served.TokenCount = parts, "", 0
	served.Cuts = cutsOf(frame, frameTokens, parts, beginnings)
	if len(parts) > 0 {
		lines := []string{frame}
		for _, part := range parts {
			lines = append(lines, part.GetText())
		}
		served.Text = strings.Join(lines, "\n")
		served.TokenCount = served.Cuts[len(served.Cuts)-1].GetTokenCount()
	}
}

func briefFor(frame string) (string, uint32) {
	if strings.HasPrefix(frame, generalFrame) {
		return generalBriefFrame, generalBriefTokens
	}
	return briefFrame, briefTokens
}

// beginningsOf returns the first part up to each of the cuts within it.
func beginningsOf(served *forewordv1.GetForewordResponse, frame string, frameTokens uint32) []*forewordv1.ForewordPart {
	first, start := served.GetParts()[0], len(frame)+1
	var found []*forewordv1.ForewordPart
	for _, cut := range served.GetCuts() {
		size := int(cut.GetByteEnd()) - start
		if size >= len(first.GetText()) {
			break
		}
		found = append(found, &forewordv1.ForewordPart{
			Kind: first.GetKind(), Text: first.GetText()[:size], TokenCount: cut.GetTokenCount() - frameTokens})
	}
	return found
}

// fitting returns the parts that go in, in their order; in the place of the first perhaps its beginning.
func fitting(parts, beginnings []*forewordv1.ForewordPart, room uint32) []*forewordv1.ForewordPart {
	var found []*forewordv1.ForewordPart
	for place, part := range parts {
		candidates := []*forewordv1.ForewordPart{part}
		if place == 0 {
			for i := len(beginnings) - 1; i >= 0; i-- {
				candidates = append(candidates, beginnings[i])
			}
		}
		for _, candidate := range candidates {
			if candidate.GetTokenCount() <= room {
				found = append(found, candidate)
				room -= candidate.GetTokenCount()
				break
			}
		}
	}
	return found
}

// cutsOf returns where a text of these parts may end.
func cutsOf(frame string, tokens uint32, parts, beginnings []*forewordv1.ForewordPart) []*forewordv1.ForewordCut {
	var cuts []*forewordv1.ForewordCut
	end := uint32(len(frame))
	for _, beginning := range beginnings {
		text := beginning.GetText()
		if len(parts) > 0 && text != parts[0].GetText() && strings.HasPrefix(parts[0].GetText(), text) {
			cuts = append(cuts, &forewordv1.ForewordCut{
				ByteEnd: end + 1 + uint32(len(text)), TokenCount: tokens + beginning.GetTokenCount()})
		}
	}
	for _, part := range parts {
		end, tokens = end+1+uint32(len(part.GetText())), tokens+part.GetTokenCount()
		cuts = append(cuts, &forewordv1.ForewordCut{ByteEnd: end, TokenCount: tokens})
	}
	return cuts
}

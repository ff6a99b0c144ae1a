package foreword;

import static java.nio.charset.StandardCharsets.UTF_8;

import foreword.v1.ForewordCut;
import foreword.v1.ForewordPart;
import foreword.v1.GetForewordResponse;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;

/** Fits a text into a budget of tokens. */
final class Budget {
  /** Over texts that were fitted into a small budget. */
  static final Frame BRIEF = new Frame("User data (may be outdated):", 11);

  static final Frame GENERAL_BRIEF = new Frame("General, not about this user:", 9);

  private static final String GENERAL = "General, not about this user";
  private static final int TOKENS_MAX = 200;
  private static final int FRAME_SHARE = 4;

  /** A text's first line, and its size in tokens. */
  record Frame(String text, int tokens) {}

  private Budget() {}

  /**
   * Leaves of the parts those that go in, one too long left out, under the brief frame where the text's own takes
   * over a quarter. Of the first part stands as much as goes in, at one of the cuts within it. More than 200 means
   * 200, and so does 0.
   */
  static GetForewordResponse cut(GetForewordResponse whole, int maxTokens) {
    int budget = maxTokens == 0 ? TOKENS_MAX : Math.min(maxTokens, TOKENS_MAX);
    if (whole.getTokenCount() <= budget) {
      return whole;
    }
    GetForewordResponse.Builder served = whole.toBuilder();
    if (whole.getPartsCount() > 0) {
      fit(served, budget);
    } else {
      endAtACut(served, budget);
    }
    return served.setEtag(etag(served.getText())).build();
  }

  /** Ends a text without parts, of an older row, at the last of its cuts within the budget. */
  private static void endAtACut(GetForewordResponse.Builder served, int budget) {
    List<ForewordCut> kept =
        served.getCutsList().stream().filter(cut -> cut.getTokenCount() <= budget).toList();
    ForewordCut last = kept.isEmpty() ? ForewordCut.getDefaultInstance() : kept.get(kept.size() - 1);
    served.setText(firstBytes(served.getText(), last.getByteEnd())).setTokenCount(last.getTokenCount());
    served.clearCuts().addAllCuts(kept);
  }

  private static void fit(GetForewordResponse.Builder served, int budget) {
    int said = served.getPartsList().stream().mapToInt(ForewordPart::getTokenCount).sum();
    Frame own = new Frame(served.getText().split("\n", 2)[0], served.getTokenCount() - said);
    List<ForewordPart> beginnings = beginnings(served, own);
    Frame brief = own.text().startsWith(GENERAL) ? GENERAL_BRIEF : BRIEF;
    Frame frame = own.tokens() * FRAME_SHARE <= budget ? own : brief;
    List<ForewordPart> parts = fitting(served.getPartsList(), beginnings, budget - frame.tokens());
    List<ForewordCut> cuts = cuts(frame, parts, beginnings);
    List<String> lines = new ArrayList<>(List.of(frame.text()));
    parts.forEach(part -> lines.add(part.getText()));
    served.setText(parts.isEmpty() ? "" : String.join("\n", lines));
    served.setTokenCount(cuts.isEmpty() ? 0 : cuts.get(cuts.size() - 1).getTokenCount());
    served.clearParts().addAllParts(parts).clearCuts().addAllCuts(cuts);
  }

  /** Returns the first part up to each of the cuts within it. */
  private static List<ForewordPart> beginnings(GetForewordResponse.Builder served, Frame frame) {
    ForewordPart first = served.getParts(0);
    int start = size(frame.text()) + 1;
    int end = start + size(first.getText());
    return served.getCutsList().stream()
        .filter(cut -> cut.getByteEnd() < end)
        .map(
            cut ->
                first.toBuilder()
                    .setText(firstBytes(first.getText(), cut.getByteEnd() - start))
                    .setTokenCount(cut.getTokenCount() - frame.tokens())
                    .build())
        .toList();
  }

  /** Returns the parts that go in, in their order; in the place of the first perhaps its beginning. */
  private static List<ForewordPart> fitting(
      List<ForewordPart> parts, List<ForewordPart> beginnings, int room) {
    List<ForewordPart> found = new ArrayList<>();
    for (ForewordPart part : parts) {
      List<ForewordPart> candidates = new ArrayList<>();
      if (part == parts.get(0)) {
        candidates.addAll(beginnings);
      }
      candidates.add(part);
      Collections.reverse(candidates);
      for (ForewordPart candidate : candidates) {
        if (candidate.getTokenCount() <= room) {
          found.add(candidate);
          room -= candidate.getTokenCount();
          break;
        }
      }
    }
    return found;
  }

  /** Returns where a text of these parts may end. */
  private static List<ForewordCut> cuts(Frame frame, List<ForewordPart> parts, List<ForewordPart> beginnings) {
    List<ForewordCut> cuts = new ArrayList<>();
    int end = size(frame.text());
    int tokens = frame.tokens();
    for (ForewordPart beginning : beginnings) {
      String text = beginning.getText();
      String first = parts.isEmpty() ? "" : parts.get(0).getText();
      if (!text.equals(first) && first.startsWith(text)) {
        cuts.add(cut(end + 1 + size(text), tokens + beginning.getTokenCount()));
      }
    }
    for (ForewordPart part : parts) {
      end += 1 + size(part.getText());
      tokens += part.getTokenCount();
      cuts.add(cut(end, tokens));
    }
    return cuts;
  }

  private static ForewordCut cut(int byteEnd, int tokenCount) {
    return ForewordCut.newBuilder().setByteEnd(byteEnd).setTokenCount(tokenCount).build();
  }

  private static int size(String text) {
    return text.getBytes(UTF_8).length;
  }

  private static String firstBytes(String text, int count) {
    return new String(text.getBytes(UTF_8), 0, count, UTF_8);
  }

  private static String etag(String text) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(UTF_8));
      return HexFormat.of().formatHex(digest, 0, 8);
    } catch (NoSuchAlgorithmException exc) {
      throw new IllegalStateException("every Java has SHA-256", exc);
    }
  }
}

package foreword;

import foreword.v1.Depth;
import foreword.v1.Foreword;
import foreword.v1.ForewordCut;
import foreword.v1.GetForewordResponse;
import foreword.v1.Length;
import foreword.v1.Presentation;
import foreword.v1.Profile;

/** What is served of a user nobody knows where no default is stored: nothing is claimed. */
final class Defaults {
  private static final String TOKENIZER = "foreword-upper-bound-2";

  private Defaults() {}

  static Profile profile(String userId, String namespace) {
    return Profile.newBuilder()
        .setUserId(userId)
        .setNamespace(namespace)
        .setForeword(Foreword.newBuilder().setTokenizer(TOKENIZER).addCuts(ForewordCut.getDefaultInstance()))
        .setPresentation(
            Presentation.newBuilder()
                .setDepth(Depth.DEPTH_STANDARD)
                .setTone("neutral")
                .setLength(Length.LENGTH_MEDIUM))
        .setIsDefault(true)
        .build();
  }

  static GetForewordResponse foreword() {
    return GetForewordResponse.newBuilder()
        .setEtag("e3b0c44298fc1c14")
        .setTokenizer(TOKENIZER)
        .addCuts(ForewordCut.getDefaultInstance())
        .build();
  }
}

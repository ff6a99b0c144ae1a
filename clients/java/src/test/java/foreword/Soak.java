package foreword;

import static java.nio.charset.StandardCharsets.UTF_8;

import foreword.v1.GetProfileResponse;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Reads for clients/soak.py: {@code grpc USER} or {@code map USER} comes in, a line goes out. */
final class Soak {
  private Soak() {}

  public static void main(String[] arguments) throws IOException, NoSuchAlgorithmException {
    try (Client client = new Client(System.getenv("FOREWORD_TARGET")).raising();
        LocalReader reader = new LocalReader(Path.of(System.getenv("FOREWORD_STORE")))) {
      BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, UTF_8));
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        String[] asked = line.split(" ");
        try {
          System.out.println(said(asked[0].equals("grpc") ? client.profile(asked[1]) : reader.profile(asked[1])));
        } catch (ForewordException exc) {
          System.out.println("error\t" + exc.reason() + "\t" + exc.getMessage().replaceAll("\\s+", " "));
        }
      }
    }
  }

  private static String said(GetProfileResponse found) throws NoSuchAlgorithmException {
    String summary = found.getProfile().getSemanticSummary();
    String head = summary.substring(0, Math.min(24, summary.length()));
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(summary.getBytes(UTF_8));
    return String.join(
        "\t", found.getFreshness().name(), head, String.valueOf(summary.length()), HexFormat.of().formatHex(digest));
  }
}

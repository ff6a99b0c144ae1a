package foreword;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where a sidecar asks who calls. */
final class TokenTest {
  /** A first call loads classes, while other tests are compiled beside it. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private static String reasonOf(Client client) {
    return assertThrows(ForewordException.class, () -> client.profile("ada")).reason();
  }

  /** A token opens its namespace and no other, over a unix socket too. */
  @Test
  void tokens() {
    String token = Settings.get("FOREWORD_GUARDED_TOKEN");
    for (String name : List.of("FOREWORD_GUARDED_TARGET", "FOREWORD_GUARDED_UNIX_TARGET")) {
      try (Client anonymous = new Client(Settings.get(name)).timeout(PATIENCE).raising().within("shop")) {
        assertEquals("UNAUTHENTICATED", reasonOf(anonymous));
        Client client = anonymous.token(token);
        assertEquals("ada", client.profile("ada").getProfile().getUserId());
        assertEquals("NAMESPACE_FORBIDDEN", reasonOf(client.within("blog")));
      }
    }
  }

  /** A token file is read anew when it changes, and one that is empty or gone leaves the former token in force. */
  @Test
  void tokenFiles(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("token");
    Files.writeString(file, "fwt_of-nobody\n");
    try (Client connected = new Client(Settings.get("FOREWORD_GUARDED_TARGET"))) {
      Client client = connected.timeout(PATIENCE).raising().within("shop").tokenFile(file);
      assertEquals("UNAUTHENTICATED", reasonOf(client));
      Files.writeString(file, Settings.get("FOREWORD_GUARDED_TOKEN") + "\n");
      assertEquals("ada", client.profile("ada").getProfile().getUserId());
      Files.writeString(file, "");
      assertEquals("ada", client.profile("ada").getProfile().getUserId());
      Files.delete(file);
      assertEquals("ada", client.profile("ada").getProfile().getUserId());
    }
  }

  /** Another file in the place of the former is read, also one as old and as long, as a tool that sets all times makes it. */
  @Test
  void tokenFileThatIsReplaced(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("token");
    var token = Token.ofFile(file);
    for (String text : List.of("one", "two")) {
      Path anew = Files.writeString(folder.resolve(text), text);
      Files.setLastModifiedTime(anew, FileTime.fromMillis(1000));
      Files.move(anew, file, StandardCopyOption.REPLACE_EXISTING);
      assertEquals(text, token.get());
    }
  }

  /** A token goes to no other machine in clear text. */
  @Test
  void tokensStayHere() {
    for (String here : List.of("unix:/tmp/s", "127.0.0.1:7464", "localhost:7464", "[::1]:7464")) {
      assertEquals(true, Token.isLocal(here), here);
    }
    for (String there : List.of("192.0.2.1:7464", "127.0.0.1.example:1", "[2001:db8::1]:1", "sidecar.example:1")) {
      assertEquals(false, Token.isLocal(there), there);
    }
  }
}

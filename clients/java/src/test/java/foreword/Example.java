package foreword;

import foreword.v1.Event;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Records what a user did, reads their foreword from the sidecar, and, given a store, in process. */
final class Example {
  private Example() {}

  public static void main(String[] arguments) {
    String target = Optional.ofNullable(System.getenv("FOREWORD_TARGET")).orElse("127.0.0.1:7464");
    try (Client client = new Client(target).onError(error -> System.err.println(error.getMessage()))) {
      // With an id of your own, sending an event again is harmless: it counts once.
      Event event =
          Event.newBuilder().setEventId("java-1").setUserId("ann").setType("read").addTopics("tests").build();
      client.record(List.of(event)).getRefusedList().forEach(refused -> System.err.println(refused.getMessage()));
      System.out.println(client.text("ann", 120)); // never an exception
    }
    String store = Optional.ofNullable(System.getenv("FOREWORD_STORE")).orElse("var/foreword");
    try (LocalReader reader = new LocalReader(Path.of(store))) {
      System.out.println("in process: " + reader.text("ada", 200));
    }
  }
}

package foreword;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;

/** Stores of the golden vectors, in folders of their own. */
final class Stores {
  static final List<String> ENVIRONMENTS = List.of("profiles.lmdb", "activity.lmdb");

  private Stores() {}

  /** Puts a copy of a store of the vectors into a folder; nothing, of one that is not there. */
  static void copy(String name, Path directory) throws IOException {
    for (String environment : ENVIRONMENTS) {
      if (Files.exists(vectors().resolve(name).resolve(environment))) {
        prepare(name, directory, environment);
        swapIn(directory, environment);
      }
    }
  }

  /** Makes what {@link #swapIn} puts in its place. */
  static void prepare(String name, Path directory, String environment) throws IOException {
    Path incoming = Files.createDirectory(directory.resolve(environment + ".incoming"));
    try (var files = Files.list(vectors().resolve(name).resolve(environment))) {
      for (Path file : files.toList()) {
        Files.copy(file, incoming.resolve(file.getFileName()));
      }
    }
  }

  /** Puts one environment in another's place, as a restore does. */
  static void swapIn(Path directory, String environment) throws IOException {
    Path place = directory.resolve(environment);
    Path former = directory.resolve(environment + ".former");
    remove(former);
    if (Files.exists(place)) {
      Files.move(place, former);
    }
    Files.move(directory.resolve(environment + ".incoming"), place);
  }

  /** Removes a folder with all in it, if it is there. */
  static void remove(Path folder) throws IOException {
    if (Files.exists(folder)) {
      try (var files = Files.walk(folder)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  /** Restores two stores in turn, the last time the one that was there at first. */
  static Thread restoring(Path directory) {
    Thread restoring =
        new Thread(
            () -> {
              try {
                for (int turn = 0; turn < 60; turn++) {
                  for (String environment : ENVIRONMENTS) {
                    prepare(turn % 2 == 0 ? "restored" : "sound", directory, environment);
                  }
                  Path mark = Files.createFile(directory.resolve("restore.pending"));
                  for (String environment : ENVIRONMENTS) {
                    swapIn(directory, environment);
                  }
                  Files.delete(mark);
                }
              } catch (IOException exc) {
                throw new UncheckedIOException(exc);
              }
            });
    restoring.start();
    return restoring;
  }

  private static Path vectors() {
    return Path.of(Settings.get("FOREWORD_VECTOR_STORES"));
  }
}

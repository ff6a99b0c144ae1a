/// Returns what clients/run_tests.py says, None without it.
pub fn setting(name: &str) -> Option<String> {
    let found = std::env::var(name).ok();
    if found.is_none() {
        eprintln!("skipped: {name} is not set, run `make test-clients`");
    }
    found
}

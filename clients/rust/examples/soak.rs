//! Reads for clients/soak.py: `grpc USER` or `map USER` comes in, a line goes out.

use std::io::BufRead;

use foreword::{Client, Error, LocalReader, v1};
use sha2::{Digest, Sha256};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = Client::new(&std::env::var("FOREWORD_TARGET")?)?;
    let reader = LocalReader::open(std::env::var("FOREWORD_STORE")?)?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (path, user) = line.split_once(' ').unwrap_or_default();
        println!("{}", said(if path == "grpc" { client.try_profile(user).await } else { reader.profile(user) }));
    }
    Ok(())
}

fn said(found: Result<v1::GetProfileResponse, Error>) -> String {
    match found {
        Err(error) => {
            let message = error.message.split_whitespace().collect::<Vec<_>>().join(" ");
            format!("error\t{}\t{message}", error.reason)
        }
        Ok(found) => {
            let freshness = found.freshness().as_str_name();
            let summary = found.profile.unwrap_or_default().semantic_summary;
            let head: String = summary.chars().take(24).collect();
            let digest: String = Sha256::digest(&summary).iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{freshness}\t{head}\t{}\t{digest}", summary.len())
        }
    }
}

//! Records what a user did, reads their foreword from the sidecar, and, given a store, in process.
//!
//!     cargo run --example foreword

use foreword::{Asked, Client, LocalReader, v1};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), foreword::Error> {
    let target = std::env::var("FOREWORD_TARGET").unwrap_or("127.0.0.1:7464".into());
    let client = Client::new(&target)?.on_error(|error| eprintln!("{error}"));

    // With an id of your own, sending an event again is harmless: it counts once.
    let (event_id, user_id, r#type) = ("rust-1".into(), "ann".into(), "read".into());
    let event = v1::Event { event_id, user_id, r#type, topics: vec!["tests".into()], ..Default::default() };
    client.record(vec![event]).await?;
    println!("{}", client.text("ann", Asked { max_tokens: 120, ..Default::default() }).await); // never an error

    let store = std::env::var("FOREWORD_STORE").unwrap_or("var/foreword".into());
    println!("in process: {}", LocalReader::open(store)?.text("ada", 200)?);
    Ok(())
}

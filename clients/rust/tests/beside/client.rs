//! The client beside running daemons, and without any.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::settings::setting;
use foreword::{Asked, Client, Freshness, v1};

fn candidates(ids: &[&str]) -> Vec<v1::Candidate> {
    ids.iter().map(|id| v1::Candidate { action_id: id.to_string(), ..Default::default() }).collect()
}

fn event(user_id: &str) -> v1::Event {
    v1::Event { user_id: user_id.into(), r#type: "read".into(), ..Default::default() }
}

/// Every method is answered by a running sidecar, over a unix socket too.
#[tokio::test]
async fn methods() {
    let Some(target) = setting("FOREWORD_UNIX_TARGET") else { return };
    let client = Client::new(&target).unwrap();
    assert_eq!(client.within("acme").record(vec![event("crab")]).await.unwrap().accepted_count, 1);
    let found = client.try_foreword("ada", Asked { max_tokens: 40, session_id: "s1".into() }).await.unwrap();
    assert!(!found.text.is_empty() && found.token_count <= 40);
    let ids: Vec<String> = (0..1000).map(|place| format!("nobody-{place}")).chain(["ada".into()]).collect();
    let many = client.try_profiles(&ids.iter().map(String::as_str).collect::<Vec<_>>()).await.unwrap();
    assert_eq!((many.len(), many[1000].profile.as_ref().unwrap().user_id.as_str()), (1001, "ada"));
    assert!(!client.status().await.unwrap().version.is_empty());
    let asked = v1::RankActionsRequest {
        user_id: "ada".into(),
        candidates: candidates(&["verbose", "concise"]),
        ..Default::default()
    };
    let ranking = client.try_rank(asked).await.unwrap();
    assert!(ranking.is_ranked && ranking.order.len() == 2);
    let said = v1::RecordFeedbackRequest {
        decision_id: ranking.decision_id,
        feedback: v1::Feedback::Reject.into(),
        ..Default::default()
    };
    assert!(client.feedback(said).await.unwrap().accepted);
}

/// A refused call names reason and field, a refused event among kept ones its place.
#[tokio::test]
async fn refusals() {
    let Some(target) = setting("FOREWORD_TARGET") else { return };
    let client = Client::new(&target).unwrap();
    let error = client.try_profile("").await.unwrap_err();
    assert_eq!((error.reason.as_str(), error.field.as_str(), error.from_sidecar), ("FIELD_INVALID", "user_id", true));
    let recorded = client.record(vec![event("crab"), event("")]).await.unwrap();
    assert_eq!(recorded.refused.iter().map(|refused| refused.index).collect::<Vec<_>>(), [1]);
}

/// Without a sidecar reads answer as if nothing were known, and at once from the second call on.
#[tokio::test]
async fn without_a_sidecar() {
    let reasons = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&reasons);
    let client = Client::new("unix:/nonexistent/foreword.sock").unwrap();
    let client = client.on_error(move |error| told.lock().unwrap().push(error.reason.clone()));
    let found = client.profile("ada").await;
    assert_eq!(found.freshness(), Freshness::Unspecified);
    assert!(found.profile.unwrap().is_default);
    let started = Instant::now();
    let asked = v1::RankActionsRequest { candidates: candidates(&["one"]), ..Default::default() };
    let ranking = client.rank(asked).await;
    assert!(!ranking.is_ranked && ranking.order == candidates(&["one"]));
    assert_eq!(client.text("ada", Asked::default()).await, "");
    let said = v1::RecordFeedbackRequest { decision_id: ranking.decision_id, ..Default::default() };
    client.feedback(said).await.unwrap();
    assert_eq!(client.status().await.unwrap_err().reason, "UNAVAILABLE");
    assert!(started.elapsed() < Duration::from_millis(200));
    assert_eq!(*reasons.lock().unwrap(), ["UNAVAILABLE"; 3]);
}

/// A sidecar that dies while it is asked is one that nobody found: the call is made again, and has its reason.
#[tokio::test]
async fn cut_off() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = Client::new(&listener.local_addr().unwrap().to_string()).unwrap();
    let cutting = std::thread::spawn(move || {
        for _ in 0..4 {
            let mut caller = listener.accept().unwrap().0;
            // An empty SETTINGS, so that the call is sent; whoever is gone then has read what came of it.
            caller.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).unwrap();
            let mut asked = Vec::new();
            while !asked.windows(4).any(|part| part == b"crab") {
                let mut more = [0; 1024];
                let size = caller.read(&mut more).unwrap();
                asked.extend_from_slice(&more[..size]);
            }
        }
    });
    assert_eq!(client.try_profile("crab").await.unwrap_err().reason, "UNAVAILABLE");
    cutting.join().unwrap();
}

/// Where the sidecar asks who calls, a token opens its namespace and no other, over a unix socket too.
#[tokio::test]
async fn tokens() {
    let Some(token) = setting("FOREWORD_GUARDED_TOKEN") else { return };
    for name in ["FOREWORD_GUARDED_TARGET", "FOREWORD_GUARDED_UNIX_TARGET"] {
        let anonymous = Client::new(&setting(name).unwrap()).unwrap().within("shop");
        assert_eq!(anonymous.try_profile("ada").await.unwrap_err().reason, "UNAUTHENTICATED");
        let client = anonymous.clone().token(&token).unwrap();
        assert_eq!(client.try_profile("ada").await.unwrap().profile.unwrap().user_id, "ada");
        let error = client.within("blog").try_profile("ada").await.unwrap_err();
        assert_eq!((error.reason.as_str(), error.from_sidecar), ("NAMESPACE_FORBIDDEN", true));
    }
}

/// A token file is read anew when it changes, and one that is empty or gone leaves the former token in force.
#[tokio::test]
async fn token_files() {
    let Some(target) = setting("FOREWORD_GUARDED_TARGET") else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "fwt_of-nobody\n").unwrap();
    let client = Client::new(&target).unwrap().within("shop").token_file(&path).unwrap();
    assert_eq!(client.try_profile("ada").await.unwrap_err().reason, "UNAUTHENTICATED");
    std::fs::write(&path, format!("{}\n", setting("FOREWORD_GUARDED_TOKEN").unwrap())).unwrap();
    let empty = |path: &Path| std::fs::write(path, "").unwrap();
    let remove = |path: &Path| std::fs::remove_file(path).unwrap();
    for change in [&|_: &Path| {}, &empty, &remove] as [&dyn Fn(&Path); 3] {
        change(&path);
        assert_eq!(client.try_profile("ada").await.unwrap().profile.unwrap().user_id, "ada");
    }
}

/// A token goes to no other machine in clear text.
#[tokio::test]
async fn tokens_stay_here() {
    for target in ["192.0.2.1:7464", "sidecar.example:7464", "http://192.0.2.1:7464", "[2001:db8::1]:7464"] {
        let error = Client::new(target).unwrap().token("t").err().unwrap();
        assert_eq!((error.reason.as_str(), error.field.as_str()), ("FIELD_INVALID", "token"));
    }
    for target in ["127.0.0.1:7464", "localhost:7464", "[::1]:7464", "unix:/tmp/s"] {
        assert!(Client::new(target).unwrap().token("t").is_ok());
    }
}

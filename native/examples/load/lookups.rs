//! LookupProfiles: one stream, with so many lookups in flight on it.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::{Buf, Bytes, BytesMut};

use crate::grpc::{message, Grpc};
use crate::{Failure, Load};

pub const METHOD: &str = "LookupProfiles";

/// Looks users up until the time is over; an answer's time counts from its lookup on.
pub async fn look_up(load: &Load, connection: &Grpc, in_flight: u32) -> Result<(), Failure> {
    let ends = Instant::now() + load.seconds;
    let (response, mut sending) = connection.call().await?;
    let mut began = VecDeque::new();
    for _ in 0..in_flight {
        began.push_back(Instant::now());
        sending.send_data(message(&load.user()), false)?;
    }
    let (_, mut body) = response.await?.into_parts();
    let mut read = BytesMut::new();
    while let Some(data) = body.data().await {
        let data = data?;
        body.flow_control().release_capacity(data.len())?;
        read.extend_from_slice(&data);
        while let Some(size) = read.get(1..5).map(|size| u32::from_be_bytes(size.try_into().expect("4 bytes"))) {
            if read.len() < 5 + size as usize {
                break;
            }
            read.advance(5 + size as usize);
            let took = began.pop_front().ok_or("an answer to nothing")?.elapsed();
            load.took.borrow_mut().push(took);
            if Instant::now() < ends {
                began.push_back(Instant::now());
                sending.send_data(message(&load.user()), false)?;
            } else if began.is_empty() {
                sending.send_data(Bytes::new(), true)?;
            }
        }
    }
    let status = body.trailers().await?.and_then(|trailers| trailers.get("grpc-status").cloned());
    if status.is_none_or(|status| status != "0") || !began.is_empty() {
        return Err("the stream broke off".into());
    }
    Ok(())
}

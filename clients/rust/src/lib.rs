//! Reads what Foreword knows of users, and tells it what they do.
//!
//! A [`Client`] calls the sidecar; a [`LocalReader`] reads the store in this process, in microseconds and without a
//! sidecar.

mod client;
mod defaults;
mod error;
mod reach;
mod token;

#[cfg(feature = "local")]
mod budget;
#[cfg(feature = "local")]
mod environment;
#[cfg(feature = "local")]
mod local;
#[cfg(feature = "local")]
mod pages;
#[cfg(feature = "local")]
mod read_notes;
#[cfg(feature = "local")]
mod row;
#[cfg(feature = "local")]
mod stored;

/// Messages and services, made from `proto/`.
#[allow(clippy::all, rustdoc::all)]
pub mod v1 {
    include!("gen/foreword.v1.rs");
}

pub use client::{Asked, Client, Ranking};
pub use error::Error;
#[cfg(feature = "local")]
pub use local::LocalReader;
pub use v1::{Freshness, Profile};

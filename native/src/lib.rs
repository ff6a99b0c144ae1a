//! What reads the mapped store, shared by the front (`main.rs`) and by Python's module (`python.rs`).

pub mod answer;
pub mod cut;
pub mod lmdb;
pub mod proto;
#[cfg(feature = "python")]
mod python;
pub mod reads;
pub mod request;
pub mod row;
pub mod store;

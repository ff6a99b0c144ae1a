//! Writes the code of the messages and services in a file of descriptors into a folder: `generate DESCRIPTORS
//! FOLDER`.

use prost::Message;
use prost_types::FileDescriptorSet;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let [_, descriptors, folder] = std::env::args().collect::<Vec<_>>().try_into().map_err(|_| "two arguments")?;
    let set = FileDescriptorSet::decode(std::fs::read(descriptors)?.as_slice())?;
    tonic_prost_build::configure().build_server(false).out_dir(folder).compile_fds(set)?;
    Ok(())
}

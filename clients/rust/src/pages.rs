//! LMDB trusts what it has mapped: the first page beyond the end of a file that was cut short ends the process with
//! SIGBUS. So the file is looked at before it is mapped, and now and then while it is. Format 0.9, 64 bit,
//! little-endian.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::Error;
use crate::environment::corrupt;

const PAGE_HEADER_BYTES: u64 = 16;
const META_BYTES: u64 = 152;
const MAGIC: u32 = 0xBEEF_C0DE;
const DATA_FORMAT: u32 = 1;
const BRANCH_PAGE: u16 = 0x01;
const LEAF_PAGE: u16 = 0x02;
const BIG_NODE: u16 = 0x01;
/// LMDB's own limit on the depth of a tree.
const DEPTH_MAX: u32 = 32;
/// A commit between two reads makes a sound file look cut; two in a row are a millisecond apart.
const LOOKS: u32 = 3;

/// What the newer of a file's two first pages says of it.
struct Meta {
    page_bytes: u64,
    last_page: u64,
    transaction: u64,
    free_root: u64,
}

/// Refuses an environment whose data file ends before a page that is in use. A file that is not there, or is none of
/// LMDB's, is left to whoever opens it.
pub(crate) fn refuse_cut(path: &Path) -> Result<(), Error> {
    for look in 1.. {
        let Ok(file) = File::open(path.join("data.mdb")) else { return Ok(()) };
        // In this order: whatever a meta page names is in the file before it is.
        let (Some(meta), Ok(stat)) = (newest_meta(&file), file.metadata()) else { return Ok(()) };
        if is_whole(&file, &meta, stat.len()) {
            break;
        }
        if look == LOOKS {
            let (size, end) = (stat.len(), (meta.last_page + 1) * meta.page_bytes);
            return Err(corrupt(format!(
                "{} was cut short: its data file has {size} bytes, and pages in use up to byte {end}",
                path.display()
            )));
        }
    }
    Ok(())
}

fn newest_meta(file: &File) -> Option<Meta> {
    let first = meta_at(file, 0)?;
    let second = meta_at(file, first.page_bytes).filter(|second| second.page_bytes == first.page_bytes)?;
    Some(if second.transaction > first.transaction { second } else { first })
}

fn meta_at(file: &File, offset: u64) -> Option<Meta> {
    let page = read(file, offset, META_BYTES)?;
    let meta = Meta {
        page_bytes: u32_at(&page, 40)?.into(),
        free_root: u64_at(&page, 80)?,
        last_page: u64_at(&page, 136)?,
        transaction: u64_at(&page, 144)?,
    };
    let is_ours = u32_at(&page, 16)? == MAGIC && u32_at(&page, 20)? == DATA_FORMAT && meta.page_bytes >= META_BYTES;
    is_ours.then_some(meta)
}

/// Tells whether every page beyond the end of the file is free: what one transaction took and gave back was never
/// written.
fn is_whole(file: &File, meta: &Meta, size: u64) -> bool {
    let end = size / meta.page_bytes;
    if end > meta.last_page {
        return true;
    }
    let mut free = 0;
    let walked = meta.free_root != u64::MAX
        && walk(file, meta, meta.free_root, 0, &mut |page| {
            free += u64::from((end..=meta.last_page).contains(&page));
        })
        .is_some();
    walked && free == meta.last_page + 1 - end
}

/// Goes through the tree of free pages; None where a page is missing, or is none of a tree.
fn walk(file: &File, meta: &Meta, number: u64, depth: u32, each: &mut dyn FnMut(u64)) -> Option<()> {
    if number > meta.last_page || depth > DEPTH_MAX {
        return None;
    }
    let page = read(file, number * meta.page_bytes, meta.page_bytes)?;
    let flags = u16_at(&page, 10)?;
    if flags != BRANCH_PAGE && flags != LEAF_PAGE {
        return None;
    }
    for place in (PAGE_HEADER_BYTES as usize..u16_at(&page, 12)?.into()).step_by(2) {
        // Low and high half of a size or page number, flags and key size, 16 bits each; then key and data.
        let node = page.get(usize::from(u16_at(&page, place)?)..)?;
        let (size, node_flags) = (u64::from(u32_at(node, 0)?), u16_at(node, 4)?);
        if flags == BRANCH_PAGE {
            walk(file, meta, size | u64::from(node_flags) << 32, depth + 1, each)?;
            continue;
        }
        let data = node.get(8 + usize::from(u16_at(node, 6)?)..)?;
        if node_flags & BIG_NODE != 0 {
            list(&read(file, u64_at(data, 0)? * meta.page_bytes + PAGE_HEADER_BYTES, size)?, each)?;
        } else {
            list(data.get(..size as usize)?, each)?;
        }
    }
    Some(())
}

/// Goes through a list of pages, which begins with how many it has.
fn list(data: &[u8], each: &mut dyn FnMut(u64)) -> Option<()> {
    for place in (8..data.len()).step_by(8) {
        each(u64_at(data, place)?);
    }
    Some(())
}

fn read(file: &File, offset: u64, size: u64) -> Option<Vec<u8>> {
    let mut bytes = vec![0; size as usize];
    file.read_exact_at(&mut bytes, offset).ok()?;
    Some(bytes)
}

fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(offset..offset + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(offset..offset + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], offset: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(offset..offset + 8)?.try_into().ok()?))
}

//! A body in JSON becomes a block of protobuf before the pipeline sees it.
//!
//! The text and the block are both paid for while the one becomes the other; then the text is
//! dropped. Large bodies give way to other tasks in between.

use super::body::Raw;
use crate::buf::block::Block;
use crate::frame::FrameError;
use crate::frame::json::Transcoder;
use crate::pipeline::Entry;
use crate::units::KIB;

/// How much text one turn takes: about 0.1 ms.
const STEP: usize = 64 * KIB;

/// Transcodes `text` into at most `limit` bytes; a block that is too small grows by its ticket.
pub(super) async fn to_protobuf(
    text: Raw,
    entry: &Entry,
    limit: usize,
) -> Result<Block, FrameError> {
    let json = text.bytes();
    // Two fifths are enough for what SDKs write.
    let likely = json.len() / 5 * 2;
    let block = Block::new(entry.home(), likely, entry.lease().empty());
    let mut block = block.map_err(|_| FrameError::Overloaded)?;
    let mut transcoder = Transcoder::new(entry.signal(), json, limit);
    while !transcoder.step(&mut block, STEP)? {
        tokio::task::yield_now().await;
    }
    Ok(block)
}

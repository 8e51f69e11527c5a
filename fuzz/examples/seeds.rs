//! Writes the first corpus: `seeds DIR` makes `DIR/TARGET/NAME` from the oracle's named requests.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let Some(dir) = std::env::args_os().nth(1) else {
        return Err(std::io::Error::other("expected a directory: seeds DIR"));
    };
    for (target, name, bytes) in spanyard_fuzz::corpus() {
        let place = Path::new(&dir).join(target);
        std::fs::create_dir_all(&place)?;
        std::fs::write(place.join(name.replace([' ', ','], "-")), bytes)?;
    }
    Ok(())
}

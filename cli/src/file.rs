//! Files of others, line by line, however long a line is.

use crate::Unusable;
use countersign_protocol::history::LINE_CAP;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::Path;

/// A file of lines.
pub(crate) struct Lines<R> {
    reader: R,
    line: Vec<u8>,
}

impl Lines<BufReader<File>> {
    pub(crate) fn open(path: &Path) -> Result<Self, Unusable> {
        let file = File::open(path).map_err(|fault| unreadable(path, &fault))?;
        Ok(Lines::new(BufReader::new(file)))
    }
}

impl<R: BufRead> Lines<R> {
    fn new(reader: R) -> Self {
        let line = Vec::new();
        Self { reader, line }
    }

    /// The next line, without its LF; one that is too long is cut where that shows. None at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<&[u8]>> {
        self.line.clear();
        let mut is_there = false;
        loop {
            let bytes = self.reader.fill_buf()?;
            if bytes.is_empty() {
                return Ok(is_there.then_some(&self.line));
            }
            is_there = true;
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let part = &bytes[..end.unwrap_or(bytes.len())];
            let room = LINE_CAP + 1 - self.line.len();
            self.line.extend_from_slice(&part[..part.len().min(room)]);
            let read = part.len() + usize::from(end.is_some());
            self.reader.consume(read);
            if end.is_some() {
                return Ok(Some(&self.line));
            }
        }
    }
}

/// A whole file, if it is not larger than this.
pub(crate) fn read(path: &Path, cap: usize) -> Result<Vec<u8>, Unusable> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|fault| unreadable(path, &fault))?;
    let mut file = file.take(cap as u64 + 1);
    file.read_to_end(&mut bytes)
        .map_err(|fault| unreadable(path, &fault))?;
    Ok(bytes)
}

pub(crate) fn unreadable(path: &Path, fault: &io::Error) -> Unusable {
    Unusable(format!("{}: {fault}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &[u8], buffer: usize) -> Vec<Vec<u8>> {
        let mut lines = Lines::new(BufReader::with_capacity(buffer, text));
        let mut all = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            all.push(line.to_vec());
        }
        all
    }

    #[test]
    fn lines_are_the_same_however_they_are_read() {
        for buffer in [1, 2, 3, 100] {
            assert_eq!(all(b"", buffer), [b""; 0]);
            assert_eq!(all(b"\n", buffer), [b""]);
            assert_eq!(all(b"a\n\nbc", buffer), [&b"a"[..], b"", b"bc"]);
            assert_eq!(all(b"a\n\nbc\n", buffer), [&b"a"[..], b"", b"bc"]);
        }
    }

    #[test]
    fn a_line_without_end_is_cut_where_it_shows() {
        let mut text = vec![b'a'; 3 * LINE_CAP];
        text.extend(b"\nb");
        let lines = all(&text, 1000);
        assert_eq!(lines[0].len(), LINE_CAP + 1);
        assert_eq!(lines[1], b"b");
        assert_eq!(lines.len(), 2);
    }
}

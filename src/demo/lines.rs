//! The services' output: goes to the terminal, with the service's name before each line, and to the
//! page of the embedded Jaeger.

use std::{
    io::{self, IsTerminal, Write},
    sync::Arc,
};

use embedded_jaeger::Logs;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, BufReader};

use super::{apps::App, log_line};

/// The longest part of a line that is read, in bytes; the rest is dropped.
const MAX_LINE: usize = 64 * 1024;

/// Relays a child's lines until it ends.
pub(super) async fn relay(app: App, output: Option<impl AsyncRead + Unpin>, logs: Arc<Logs>) {
    let Some(output) = output else { return };
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    while let Ok(true) = read_line(&mut output, &mut line).await {
        let line = String::from_utf8_lossy(&line);
        logs.push(log_line::parse(app.name, &line));
        print(&format!("{} {line}\n", painted(app)));
    }
}

/// Reads the next line, without its line break; false at the end.
async fn read_line(
    input: &mut (impl AsyncBufRead + Unpin),
    line: &mut Vec<u8>,
) -> io::Result<bool> {
    line.clear();
    let mut some = false;
    loop {
        let bytes = input.fill_buf().await?;
        if bytes.is_empty() {
            return Ok(some);
        }
        some = true;
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let part = end.unwrap_or(bytes.len());
        let room = MAX_LINE.saturating_sub(line.len());
        line.extend(bytes.iter().take(part.min(room)));
        input.consume(end.map_or(part, |end| end + 1));
        if end.is_some() {
            return Ok(true);
        }
    }
}

fn painted(app: App) -> String {
    if io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        format!("\u{1b}[{}m{}\u{1b}[0m |", app.colour, app.name)
    } else {
        format!("{} |", app.name)
    }
}

/// Writes `text` at once. A closed stdout is ignored: it must not end the demo.
pub(super) fn print(text: &str) {
    let _ = io::stdout().lock().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_are_split_and_a_giant_one_is_cut() {
        let text = [b"one\n\n".as_slice(), &[b'x'; 3 * MAX_LINE], b"\nlast"].concat();
        let mut input = BufReader::with_capacity(1000, text.as_slice());
        let mut line = Vec::new();
        let mut lines = Vec::new();
        while read_line(&mut input, &mut line).await.unwrap() {
            lines.push(line.clone());
        }
        let giant = vec![b'x'; MAX_LINE];
        assert_eq!(lines, [b"one".to_vec(), vec![], giant, b"last".to_vec()]);
    }
}

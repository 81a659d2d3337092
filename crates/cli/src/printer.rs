//! The printer: the one place that writes to the terminal. Data goes to standard output, everything else to standard error.

use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::Mutex;

use s3ferry_engine::RunEvent;
use s3ferry_render::{Style, sanitize, sanitize_json};
use s3ferry_spec::{Diagnostic, Place};

use crate::args::{ColorWhen, Global, LogFormat};
use crate::exit::Exit;

/// Writes for people and pipelines, as the global options say.
#[derive(Debug)]
pub(crate) struct Printer {
    pub(crate) style: Style,
    pub(crate) error_style: Style,
    pub(crate) width: usize,
    /// How many lines the terminal has that standard output is.
    pub(crate) lines: Option<usize>,
    pub(crate) log_format: LogFormat,
    pub(crate) verbose: bool,
    pub(crate) progress: Progress,
    /// The transient line at the bottom of a terminal, which is taken away before anything else is written.
    status: Mutex<String>,
    /// What is said instead of written, where somebody else draws on the terminal.
    heard: Option<Mutex<String>>,
}

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Not at all.
    None,
    /// A line for what happened.
    Lines,
    /// Lines, and one that moves at the bottom of a terminal.
    Terminal,
}

/// A pipe has no width; a pull request shows about this much.
const WIDTH_OF_A_PIPE: usize = 100;
/// Wider lines than this are hard to read.
const WIDEST: usize = 120;

impl Printer {
    pub(crate) fn new(global: &Global) -> Self {
        let style = |terminal: bool| {
            let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
            match global.color {
                ColorWhen::Always => Style::Ansi,
                ColorWhen::Auto if terminal && !no_color && !dumb => Style::Ansi,
                ColorWhen::Auto | ColorWhen::Never => Style::Plain,
            }
        };
        let stderr = std::io::stderr().is_terminal();
        let size = terminal_size::terminal_size();
        let width = size.map(|(width, _)| usize::from(width.0));
        // The prompt takes one that comes back.
        let lines = size.map(|(_, height)| usize::from(height.0).saturating_sub(1));
        Self {
            style: style(std::io::stdout().is_terminal()),
            error_style: style(stderr),
            width: width.unwrap_or(WIDTH_OF_A_PIPE).clamp(40, WIDEST),
            lines: lines.filter(|_| std::io::stdout().is_terminal()),
            log_format: global.log_format,
            verbose: global.verbose > 0,
            progress: match (
                global.no_progress,
                stderr && global.log_format == LogFormat::Text,
            ) {
                (true, _) => Progress::None,
                (false, true) => Progress::Terminal,
                (false, false) => Progress::Lines,
            },
            status: Mutex::new(String::new()),
            heard: None,
        }
    }

    /// A printer that keeps what it says, for who draws on the terminal.
    pub(crate) fn aside(&self) -> Self {
        Self {
            style: self.style,
            error_style: Style::Plain,
            width: self.width,
            lines: self.lines,
            log_format: LogFormat::Text,
            verbose: false,
            progress: Progress::None,
            status: Mutex::new(String::new()),
            heard: Some(Mutex::new(String::new())),
        }
    }

    /// What it kept.
    pub(crate) fn heard(&self) -> String {
        let heard = self.heard.as_ref().and_then(|heard| heard.lock().ok());
        heard.map(|heard| heard.clone()).unwrap_or_default()
    }

    /// Standard output to draw on, where it is a terminal.
    pub(crate) fn terminal(&self) -> Option<io::Stdout> {
        let out = std::io::stdout();
        out.is_terminal().then_some(out)
    }

    /// Writes data to standard output. A reader that has gone away (`| head`) has seen what it wanted and is no error; output
    /// that is lost otherwise is, and nothing is done that rests on its having been read.
    pub(crate) fn data(&self, text: &str) -> Result<(), Exit> {
        self.clear_status();
        let mut out = std::io::stdout().lock();
        let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        self.output_ended(written)
    }

    /// Tells output that was lost.
    pub(crate) fn output_ended(&self, written: io::Result<()>) -> Result<(), Exit> {
        match written {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                self.error(&format!("cannot write to standard output: {error}"), None);
                Err(Exit::Error)
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Writes a message of ours to standard error.
    pub(crate) fn message(&self, text: &str) {
        self.write(Level::Info, text);
    }

    /// Writes a message for `--verbose`.
    pub(crate) fn detail(&self, text: &str) {
        if self.verbose {
            self.write(Level::Debug, text);
        }
    }

    /// Writes a warning.
    pub(crate) fn warning(&self, text: &str) {
        self.write(Level::Warn, text);
    }

    /// Writes an error and what to do about it.
    pub(crate) fn error(&self, text: &str, hint: Option<&str>) {
        self.write(Level::Error, text);
        if let Some(hint) = hint {
            self.lines(Level::Hint, hint);
        }
    }

    /// Shows what is going on in the line at the bottom of a terminal.
    pub(crate) fn status(&self, text: &str) {
        if self.progress != Progress::Terminal {
            return;
        }
        self.clear_status();
        let line: String = sanitize(text)
            .chars()
            .take(self.width.saturating_sub(1))
            .collect();
        self.raw_error(&line);
        if let Ok(mut status) = self.status.lock() {
            *status = line;
        }
    }

    /// Takes the transient line away.
    pub(crate) fn clear_status(&self) {
        let Ok(mut status) = self.status.lock() else {
            return;
        };
        if !status.is_empty() {
            status.clear();
            self.raw_error("\r\u{1b}[2K");
        }
    }

    /// Writes a text as one line: a line end in it is of somebody else's name or words, and is shown and not obeyed.
    fn write(&self, level: Level, text: &str) {
        self.write_lines(level, &[text]);
    }

    /// Writes a text of ours, line by line. What is not ours in it must have no line ends.
    pub(crate) fn lines(&self, level: Level, text: &str) {
        let lines: Vec<&str> = text.lines().collect();
        self.write_lines(level, &lines);
    }

    /// The one door to standard error: each line is made safe before it is put together with others.
    fn write_lines(&self, level: Level, lines: &[&str]) {
        self.clear_status();
        let text = match self.log_format {
            LogFormat::Json => json_line(
                serde_json::json!({ "level": level.as_str(), "message": lines.join("\n") }),
            ),
            LogFormat::Text => {
                let prefixes = std::iter::once(level.prefix(self.error_style))
                    .chain(std::iter::repeat(level.indent()));
                let lines = prefixes.zip(lines);
                lines.fold(String::new(), |text, (prefix, line)| {
                    format!("{text}{prefix}{}\n", sanitize(line))
                })
            }
        };
        self.raw_error(&text);
    }

    /// Writes a problem of a spec with its place.
    pub(crate) fn diagnostic(&self, diagnostic: &Diagnostic) {
        let Place {
            file,
            line,
            column,
            width: _,
        } = &diagnostic.place;
        match self.log_format {
            LogFormat::Json => self.raw_error(&json_line(serde_json::json!({
                "level": diagnostic.severity.as_str(),
                "message": diagnostic.message,
                "code": diagnostic.code,
                "file": file,
                "line": line,
                "column": column,
                "help": diagnostic.help,
            }))),
            LogFormat::Text => {
                let text = diagnostic.to_text();
                self.raw_error(&format!("{}\n", text.trim_end_matches('\n')));
            }
        }
    }

    /// Writes an event of a run for a program.
    pub(crate) fn event(&self, event: &RunEvent) {
        if let Ok(event) = serde_json::to_value(event) {
            self.raw_error(&json_line(event));
        }
    }

    /// Asks a person, who answers on the same line.
    pub(crate) fn question(&self, text: &str) {
        match self.log_format {
            LogFormat::Json => self.message(text),
            LogFormat::Text => self.raw_error(&format!("{} ", sanitize(text))),
        }
    }

    /// Writes text that is laid out already.
    fn raw_error(&self, text: &str) {
        if let Some(heard) = &self.heard {
            if let Ok(mut heard) = heard.lock() {
                heard.push_str(text);
            }
            return;
        }
        let mut err = std::io::stderr().lock();
        let _reader_gone = err.write_all(text.as_bytes()).and_then(|()| err.flush());
    }
}

/// A JSON object as a line that says when it was written, in the key that journals have for it.
fn json_line(mut object: serde_json::Value) -> String {
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ");
    object["at"] = now.to_string().into();
    format!("{}\n", sanitize_json(&object.to_string()))
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Level {
    Debug,
    Info,
    Warn,
    Error,
    Hint,
}

impl Level {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warning",
            Self::Error => "error",
            Self::Hint => "hint",
        }
    }

    const fn prefix(self, style: Style) -> &'static str {
        match (self, style) {
            (Self::Debug | Self::Info, _) => "",
            (Self::Warn, Style::Plain) => "warning: ",
            (Self::Warn, Style::Ansi) => "\u{1b}[33mwarning:\u{1b}[0m ",
            (Self::Error, Style::Plain) => "error: ",
            (Self::Error, Style::Ansi) => "\u{1b}[1;31merror:\u{1b}[0m ",
            (Self::Hint, Style::Plain) => "  help: ",
            (Self::Hint, Style::Ansi) => "  \u{1b}[36mhelp:\u{1b}[0m ",
        }
    }

    const fn indent(self) -> &'static str {
        match self {
            Self::Debug | Self::Info => "",
            Self::Warn | Self::Error => "  ",
            Self::Hint => "        ",
        }
    }
}

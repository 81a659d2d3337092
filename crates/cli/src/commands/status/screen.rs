//! The terminal while a page is drawn on it in place. It is given back as it was however that ends, a panic included.

use std::io::{self, Stdout, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::style::Print;
use crossterm::terminal::{
    self, BeginSynchronizedUpdate, Clear, ClearType, DisableLineWrap, EnableLineWrap,
    EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
};
use crossterm::{execute, queue};

/// Whether a screen is open, so that it is closed once.
static OPEN: AtomicBool = AtomicBool::new(false);

/// A terminal whose lines are ours until this is dropped.
pub(super) struct Screen {
    out: Stdout,
    /// What is drawn, and how wide and high the terminal was then.
    drawn: Option<(String, (u16, u16))>,
}

impl Screen {
    /// Takes the terminal; `spare` gives it back where the program panics, before the message of that is written.
    pub(super) fn open(out: Stdout, spare: Stdout) -> io::Result<Self> {
        terminal::enable_raw_mode()?;
        OPEN.store(true, Ordering::SeqCst);
        let mut screen = Self { out, drawn: None };
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            close(&spare);
            before(panic);
        }));
        execute!(screen.out, EnterAlternateScreen, DisableLineWrap, Hide)?;
        Ok(screen)
    }

    /// Columns and lines; those of the first terminals where it does not say.
    pub(super) fn size() -> (u16, u16) {
        match terminal::size() {
            Ok((width, height)) if width > 0 && height > 0 => (width, height),
            Ok(_) | Err(_) => (80, 24),
        }
    }

    /// Draws a page over the last one. Each line is written over and only its rest is cleared, all in one update, so that nothing
    /// flickers where a terminal does not know what that is, either.
    pub(super) fn draw(&mut self, page: &str) -> io::Result<()> {
        let size = Self::size();
        if matches!(&self.drawn, Some((drawn, at)) if drawn == page && *at == size) {
            return Ok(());
        }
        queue!(self.out, BeginSynchronizedUpdate)?;
        let mut next = 0;
        for line in page.lines().take(usize::from(size.1)) {
            queue!(
                self.out,
                MoveTo(0, next),
                Print(line),
                Clear(ClearType::UntilNewLine)
            )?;
            next += 1;
        }
        if next < size.1 {
            queue!(self.out, MoveTo(0, next), Clear(ClearType::FromCursorDown))?;
        }
        queue!(self.out, EndSynchronizedUpdate)?;
        self.out.flush()?;
        self.drawn = Some((page.to_owned(), size));
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        close(&self.out);
    }
}

/// Gives the terminal back. One that is gone takes nothing any more.
fn close(mut out: &Stdout) {
    if OPEN.swap(false, Ordering::SeqCst) {
        let _gone = execute!(
            out,
            EndSynchronizedUpdate,
            EnableLineWrap,
            Show,
            LeaveAlternateScreen
        );
        let _gone = terminal::disable_raw_mode();
    }
}

//! Mail syntax that decides how git reads the patch in a mail.

const ENCODING: &[u8] = b"content-transfer-encoding:";
const TYPE: &[u8] = b"content-type:";

/// Prefixes of the names of charsets that write a diff as ASCII does.
const CHARSETS: [&str; 8] = ["utf-8", "utf8", "us-ascii", "ascii", "iso-8859-", "windows-125", "koi8-", "latin"];

fn is_field(line: &[u8], name: &[u8]) -> bool {
    line.split_at_checked(name.len()).is_some_and(|(head, _)| head.eq_ignore_ascii_case(name))
}

/// Whether a line starts a mail of an mbox, by git's rule: `From `, and a time with its year at the end.
pub(super) fn is_mail(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"From ").filter(|_| line.len() >= 20) else { return false };
    let Some(colon) = memchr::memrchr(b':', rest) else { return false };
    let is_digit = |at: Option<usize>| at.and_then(|at| rest.get(at)).is_some_and(u8::is_ascii_digit);
    let around = [colon.checked_sub(4), colon.checked_sub(2), colon.checked_sub(1), Some(colon + 1), Some(colon + 2)];
    let year = rest.get(colon + 3..).map(|year| String::from_utf8_lossy(year).trim().to_owned()).unwrap_or_default();
    let year: String = year.chars().take_while(char::is_ascii_digit).collect();
    around.into_iter().all(is_digit) && year.parse::<u64>().is_ok_and(|year| year > 90)
}

/// Header, of a mail or a part of it, that describes the encoding of its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// `Content-Transfer-Encoding`
    Encoding,
    /// `Content-Type`
    Type,
}

impl Field {
    /// The header that a line starts.
    pub(super) fn of(line: &[u8]) -> Option<Field> {
        let fields = [(ENCODING, Field::Encoding), (TYPE, Field::Type)];
        fields.into_iter().find(|(name, _)| is_field(line, name)).map(|(_, field)| field)
    }

    /// Whether the header splits the mail into parts; `behind` is the text after the line.
    ///
    /// # Errors
    /// The text is encoded: `git am` would decode it and apply a patch that was not checked.
    pub(super) fn read(self, line: &[u8], behind: &[u8]) -> Result<bool, String> {
        let is_folded = |line: &&[u8]| line.starts_with(b" ") || line.starts_with(b"\t");
        let folded = behind.split_inclusive(|byte| *byte == b'\n').take_while(is_folded);
        let whole: Vec<u8> = std::iter::once(line).chain(folded).flatten().copied().collect();
        let whole = String::from_utf8_lossy(&whole).to_ascii_lowercase();
        let value = whole.split_once(':').map_or("", |(_, value)| value).trim();
        let is_plain = match self {
            Field::Encoding => ["7bit", "8bit", "binary"].contains(&value),
            Field::Type => {
                let charset = value.split_once("charset=").map(|(_, charset)| charset.trim_start_matches(['"', ' ']));
                let is_read = charset.is_none_or(|charset| CHARSETS.iter().any(|known| charset.starts_with(known)));
                is_read && !["=?", "charset*", "boundary*"].iter().any(|encoded| value.contains(encoded))
            }
        };
        if is_plain {
            return Ok(self == Field::Type && value.contains("boundary="));
        }
        let said = value.escape_debug();
        let what = if self == Field::Encoding { "encoding" } else { "content type" };
        Err(format!("a mail in {said} {what}; decode it first, with `b4 am` or `git mailinfo`"))
    }
}

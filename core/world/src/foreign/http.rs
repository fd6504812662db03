//! Messages of HTTP/1.1 in plain text.

/// A message, as far as it is there.
pub(super) struct Message<'a> {
    /// Path or URL of a request; none of an answer.
    pub path: Option<&'a str>,
    /// Its body.
    pub body: &'a [u8],
    /// Whether all of the body is there.
    pub is_complete: bool,
}

/// The message that octets begin with; none if they begin otherwise, or its head is not all there.
pub(super) fn message(octets: &[u8]) -> Option<Message<'_>> {
    let (head, gap) = [&b"\r\n\r\n"[..], b"\n\n"]
        .iter()
        .filter_map(|gap| {
            Some((octets.windows(gap.len()).take(16_384).position(|it| it == *gap)?, gap.len()))
        })
        .min()?;
    let text = std::str::from_utf8(octets.get(..head)?).ok()?;
    let mut lines = text.lines();
    let first = lines.next()?;
    let mut words = first.split_whitespace();
    let path = match words.next()? {
        "POST" | "GET" => Some(words.next()?),
        status if status.starts_with("HTTP/") => None,
        _ => return None,
    };
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let rest = octets.get(head + gap..).unwrap_or_default();
    let length = length.unwrap_or(0);
    let body = rest.get(..length).unwrap_or(rest);
    Some(Message { path, body, is_complete: rest.len() >= length })
}

/// A message that somebody has copied: line of its head, path of a request, body, whatever length its head says.
pub(super) struct Copied {
    pub line: usize,
    pub path: Option<String>,
    pub body: String,
}

/// Messages in a text; none if it begins otherwise.
pub(super) fn copied(text: &str) -> Vec<Copied> {
    let (mut found, mut in_body) = (Vec::<Copied>::new(), false);
    for (at, line) in text.lines().enumerate() {
        if let Some(path) = first_line(line) {
            found.push(Copied { line: at + 1, path, body: String::new() });
            in_body = false;
        } else if let Some(message) = found.last_mut() {
            match in_body {
                true => message.body += &format!("{line}\n"),
                false => in_body = line.trim().is_empty(),
            }
        } else if !line.trim().is_empty() {
            return Vec::new();
        }
    }
    found
}

/// Whether a message begins with a line: the path of a request, or nothing of an answer.
fn first_line(line: &str) -> Option<Option<String>> {
    let mut words = line.split_whitespace();
    let (first, second, third) = (words.next()?, words.next()?, words.next());
    let is_version = |word: &str| word.starts_with("HTTP/");
    match first {
        "POST" | "GET" if third.is_some_and(is_version) => Some(Some(second.to_string())),
        version if is_version(version) && second.len() == 3 => Some(None),
        _ => None,
    }
}

package ctl

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// shellWord is a word of a line of the shell.
type shellWord struct {
	text  string
	plain bool // nothing of it was quoted
}

// shellWords splits a line into words as sh does: 'text' without escapes, "text"
// with the escapes of Go, \c for one character, and a comment after #. Quotes may
// be a part of a word.
func shellWords(line string) ([]shellWord, error) {
	var words []shellWord
	for {
		line = strings.TrimLeft(line, spaces)
		if line == "" || line[0] == '#' {
			return words, nil
		}
		w := shellWord{plain: true}
		for line != "" && !strings.ContainsRune(spaces, rune(line[0])) {
			part, n, err := wordPart(line)
			if err != nil {
				return nil, err
			}
			w.plain = w.plain && line[:n] == part
			w.text += part
			line = line[n:]
		}
		words = append(words, w)
	}
}

// wordPart reads the part of a word that s begins with: what is quoted in the same
// way. It returns its text, and its size in s.
func wordPart(s string) (text string, size int, err error) {
	switch s[0] {
	case '\'':
		end := strings.IndexByte(s[1:], '\'')
		if end < 0 {
			return "", 0, errors.New("a single quote (') is not closed")
		}
		return s[1 : 1+end], end + 2, nil
	case '"':
		return doubleQuoted(s)
	case '\\':
		if len(s) == 1 {
			return "", 0, errors.New("the line ends with a backslash")
		}
		_, n := utf8.DecodeRuneInString(s[1:])
		return s[1 : 1+n], 1 + n, nil
	}
	if end := strings.IndexAny(s, spaces+`'"\`); end >= 0 {
		return s[:end], end, nil
	}
	return s, len(s), nil
}

// doubleQuoted is wordPart for a double quote.
func doubleQuoted(s string) (text string, size int, err error) {
	var b []byte
	for rest := s[1:]; rest != ""; {
		if rest[0] == '"' {
			return string(b), len(s) - len(rest) + 1, nil
		}
		if rest[0] != '\\' {
			b = append(b, rest[0])
			rest = rest[1:]
			continue
		}
		c, multibyte, tail, err := strconv.UnquoteChar(rest, '"')
		if err != nil {
			return "", 0, fmt.Errorf(`%.2q is no escape of Go, which double quotes have: use \n, \t, \", \\, or single quotes`, rest)
		}
		if rest = tail; multibyte {
			b = utf8.AppendRune(b, c)
		} else {
			b = append(b, byte(c))
		}
	}
	return "", 0, errors.New(`a double quote (") is not closed`)
}

// shellCommand is a command of the shell: a line, and the standard input that the
// lines after it hold.
type shellCommand struct {
	args []string
	in   io.Reader // nil for none
}

// readCommand reads the next command from lines. It has no args if the line is
// empty. io.EOF is the error at the end of the lines.
func readCommand(next func(prompt string) (string, error)) (shellCommand, error) {
	line, err := next("")
	if err != nil {
		return shellCommand{}, err
	}
	words, err := shellWords(line)
	if err != nil {
		return shellCommand{}, invalid("%w", err)
	}
	if len(words) > 0 && words[0].text == program {
		words = words[1:]
	}
	var c shellCommand
	for i, w := range words {
		end, here := strings.CutPrefix(w.text, "<<")
		switch {
		case !w.plain:
		case here && end != "" && i == len(words)-1:
			c.in, err = hereDocument(next, end)
			return c, err
		case isOperator(w.text):
			return shellCommand{}, invalid("%s: there are no pipes, redirections and lists of commands here, only <<WORD at the end of a line; quote the word if it is an argument", w.text)
		}
		c.args = append(c.args, w.text)
	}
	return c, nil
}

// isOperator reports whether a word would be an operator in sh.
func isOperator(word string) bool {
	switch word {
	case "|", "||", "&", "&&", ";", "2>&1":
		return true
	}
	return strings.HasPrefix(word, "<") || strings.HasPrefix(word, ">")
}

// hereDocument reads the lines up to the one that is end.
func hereDocument(next func(prompt string) (string, error), end string) (io.Reader, error) {
	var text strings.Builder
	for {
		line, err := next("> ")
		switch {
		case errors.Is(err, io.EOF):
			return nil, invalid("no line %q ends what <<%s begins", end, end)
		case err != nil:
			return nil, err
		case line == end:
			return strings.NewReader(text.String()), nil
		}
		text.WriteString(line + "\n")
	}
}

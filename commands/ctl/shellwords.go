package ctl

import (
	"strconv"
	"strings"
)

// splitWords splits a line of txn or watch -i into words: "text" with the
// escapes of Go, 'text' without escapes, or anything else up to the next white
// space, quotes included. A quote that begins a word and is never closed is
// dropped.
func splitWords(line string) ([]string, error) {
	var words []string
	for line != "" {
		n := wordLen(line)
		if n == 0 { // white space, or a quote to drop
			line = line[1:]
			continue
		}
		word, err := unquote(line[:n])
		if err != nil {
			return nil, err
		}
		words, line = append(words, word), line[n:]
	}
	return words, nil
}

const spaces = " \t\n\f\r"

// wordLen returns how many bytes the word that s begins with has, quotes
// included, or 0 if s begins with none.
func wordLen(s string) int {
	switch {
	case strings.IndexByte(spaces, s[0]) >= 0:
		return 0
	case s[0] == '\'':
		if end := strings.IndexByte(s[1:], '\''); end >= 0 {
			return end + 2
		}
		return 0
	case s[0] == '"':
		for i := 1; i < len(s); i++ {
			switch s[i] {
			case '\\':
				i++
			case '"':
				return i + 1
			}
		}
		return 0
	}
	if end := strings.IndexAny(s, spaces); end >= 0 {
		return end
	}
	return len(s)
}

func unquote(word string) (string, error) {
	switch word[0] {
	case '\'':
		return word[1 : len(word)-1], nil
	case '"':
		return strconv.Unquote(word)
	}
	return word, nil
}

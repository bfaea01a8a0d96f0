// Package redact removes secrets from text that is passed on: passwords, tokens,
// private keys, and the users in URLs. It imports nothing of this module.
package redact

import (
	"regexp"
	"strings"
)

// Redactor removes secrets. It may be used by several goroutines.
type Redactor struct {
	literal *strings.Replacer
	rules   []rule
}

// rule replaces what a pattern matches.
type rule struct {
	pattern *regexp.Regexp
	by      string
}

// removed is what takes the place of a secret.
const removed = "***"

// shortest is how long a secret must be to be looked for by itself. A shorter one
// would be found in words.
const shortest = 6

// New returns a redactor of everything that looks like a secret, and of the given
// secrets wherever they are.
func New(secrets ...string) *Redactor {
	var pairs []string
	for _, s := range secrets {
		if len(s) >= shortest {
			pairs = append(pairs, s, removed)
		}
	}
	return &Redactor{literal: strings.NewReplacer(pairs...), rules: []rule{
		{regexp.MustCompile(`(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(-----END [A-Z0-9 ]*PRIVATE KEY-----|$)`), removed},
		// The user in a URL, and in an endpoint without a scheme.
		{regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://)[^/\s"'<>@]*@`), "${1}"},
		{regexp.MustCompile(`(^|[\s"',=(\[])[^/\s"'<>@,=:(\[]+:[^/\s"'<>@,]+@([A-Za-z0-9\[])`), "${1}${2}"},
		{regexp.MustCompile(`\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*`), removed}, // a JSON web token
		{regexp.MustCompile(`(?i)\b((?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{6,}`), "${1}" + removed},
		{regexp.MustCompile(`(--user(?:[= ]|\\?", ?\\?")|ETCD(?:CTL|UTL)?_USER=)([^\s:"'\\]+):[^\s"'\\]+`), "${1}${2}:" + removed},
		{regexp.MustCompile(`(--[a-z-]*(?:password|token)(?:[= ]|\\?", ?\\?"))[^\s"'\\]+`), "${1}" + removed},
		{regexp.MustCompile(`(?i)((?:password|passwd|secret|authorization|jwt|token)\\?["']?\s*[:=]\s*\\?["']?)[^\s"',;&}\\]+`), "${1}" + removed},
	}}
}

// Text returns text without secrets.
func (r *Redactor) Text(text string) string {
	text = r.literal.Replace(text)
	for _, one := range r.rules {
		text = one.pattern.ReplaceAllString(text, one.by)
	}
	return text
}

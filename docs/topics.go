// Package docs holds the pages of documentation that the programs print as topics
// of their help. It imports nothing.
package docs

import (
	_ "embed"
	"strings"
)

//go:embed exit-codes.md
var exitCodes string

//go:embed environment.md
var environment string

//go:embed json.md
var formats string

//go:embed tls.md
var tls string

//go:embed auth.md
var auth string

// ExitCodes is the page about exit codes, in Markdown.
func ExitCodes() string { return exitCodes }

// Environment is the page about variables.
func Environment() string { return environment }

// Formats is the part of the page about output that is about all commands.
func Formats() string {
	page, _, _ := strings.Cut(formats, "\n## Keys and leases\n")
	return page
}

// Templates is the part of the page about output that is about templates.
func Templates() string {
	_, part, _ := strings.Cut(formats, "\n## Templates\n")
	part, _, _ = strings.Cut(part, "\n## ")
	return "# Templates\n" + part
}

// TLS is the page about certificates.
func TLS() string { return tls }

// Auth is the page about users and passwords.
func Auth() string { return auth }

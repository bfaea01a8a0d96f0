package bundle

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
)

// The entries that describe the others.
const (
	readmeName = "README.txt"
	indexName  = "index.json"
)

const (
	hidden = `Names of keys are hidden: each part between %q is replaced by %d hexadecimal
digits. The same part has the same digits everywhere in this bundle, and others in
every other bundle; the key of that hash was not kept. --with-keys shows names.
`
	shown = `Names of keys are as they are, because the bundle was made --with-keys.
`
	promise = `Values of keys are not in it. Passwords, tokens, private keys and the users in URLs
are removed where they can be recognised. Logs may have more that should not be
passed on: look through them first.
`
)

// readme returns the text of the first entry.
func (b *Bundle) readme(indexBytes int64) string {
	var s strings.Builder
	fmt.Fprintf(&s, "etcd bundle: %s\nmade at %s by %s\n\n", b.Redact.Text(b.Subject), b.At.UTC().Format(time.RFC3339), b.Program)
	if b.Names == nil {
		s.WriteString(shown)
	} else {
		fmt.Fprintf(&s, hidden, b.Names.Separator, digits)
	}
	s.WriteString(promise + "\n")
	table := tabwriter.NewWriter(&s, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "file\tbytes\tcontent")
	fmt.Fprintf(table, "%s\t\tthis table\n", readmeName)
	fmt.Fprintf(table, "%s\t%d\tthe same as data\n", indexName, indexBytes)
	for _, e := range b.entries {
		fmt.Fprintf(table, "%s\t%d\t%s\n", e.Name, e.Bytes, e.About)
	}
	_ = table.Flush() // to a string
	if len(b.missing) > 0 {
		s.WriteString("\nNot read:\n")
	}
	for _, m := range b.missing {
		fmt.Fprintf(&s, "  %s: %s\n", m.What, strings.ReplaceAll(m.Why, "\n", "; "))
	}
	return s.String()
}

// index returns the same for programs.
func (b *Bundle) index() (string, error) {
	return document(struct {
		Subject  string    `json:"subject"`
		At       time.Time `json:"at"`
		Program  string    `json:"program"`
		WithKeys bool      `json:"with_keys"`
		Entries  []Entry   `json:"entries"`
		Missing  []Missing `json:"missing"`
	}{b.Redact.Text(b.Subject), b.At.UTC(), b.Program, b.Names == nil, b.entries, append([]Missing{}, b.missing...)})
}

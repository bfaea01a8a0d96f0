package script

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
)

// The parts of a command's result that may deviate from the reference when a
// script says so.
const (
	aspectStdout = "stdout" // other bytes
	aspectExtra  = "extra"  // the reference's bytes, then more
	aspectError  = "error"  // the text on stderr
	aspectDetail = "detail" // the reference's error, then more on the same line
	aspectExit   = "exit"   // the exit code
)

// Transcript is the record of one side of a differential script.
type Transcript struct {
	Entries []Entry
}

// Entry is one command of a transcript, all texts masked once its script is through.
type Entry struct {
	Line   string
	Stdout string // of a table with ASCII borders
	// Borders are the box characters that the table had instead.
	Borders string
	Errors  string // the "Error:" lines of a failing command, or all of stderr where the script asks or is on v2
	Exit    int
	// Deviates lists the aspects the script says differ, with the id of the row that says why.
	Deviates map[string]string

	stderr string // all of it; nothing on a terminal, which mixes the two
	format string
	masks  masks // the rules that were on
}

// mask masks the entries under their own rules and the values of the whole
// script: a value captured from a command's output is masked in that command
// too.
func (tr *Transcript) mask(values []value) {
	for i := range tr.Entries {
		e := &tr.Entries[i]
		e.masks.values = values
		e.Line = e.masks.apply(e.Line, "")
		e.Stdout = e.masks.apply(e.Stdout, e.format)
		e.Errors = e.masks.apply(e.Errors, "")
	}
}

// bordersOf returns the transcript in the form to be compared with a side: one
// without a release keeps ASCII borders.
func (tr *Transcript) bordersOf(s side) *Transcript {
	if s.compat != "" {
		return tr
	}
	ascii := &Transcript{Entries: slices.Clone(tr.Entries)}
	for i := range ascii.Entries {
		ascii.Entries[i].Borders = ""
	}
	return ascii
}

// hasBorders reports whether there is a table with borders other than ASCII.
func (tr *Transcript) hasBorders() bool {
	return slices.ContainsFunc(tr.Entries, func(e Entry) bool { return e.Borders != "" })
}

// Compare returns "" if ours equals the reference, and otherwise every
// difference as a unified diff under its command line. An announced deviation
// that no longer occurs is a difference too.
func Compare(ref, ours *Transcript) string {
	var out strings.Builder
	for i := range max(len(ref.Entries), len(ours.Entries)) {
		switch {
		case i >= len(ref.Entries):
			fmt.Fprintf(&out, "only ours ran: $ %s\n", ours.Entries[i].Line)
		case i >= len(ours.Entries):
			fmt.Fprintf(&out, "only the reference ran: $ %s\n", ref.Entries[i].Line)
		default:
			out.WriteString(compareEntry(&ref.Entries[i], &ours.Entries[i]))
		}
	}
	return out.String()
}

func compareEntry(ref, ours *Entry) string {
	var stale []string
	a, b := *ref, *ours
	for aspect := range ref.Deviates {
		var same bool
		switch aspect {
		case aspectStdout:
			same = a.Stdout == b.Stdout && a.Borders == b.Borders
			b.Stdout, b.Borders = a.Stdout, a.Borders
		case aspectExtra:
			if strings.HasPrefix(b.Stdout, a.Stdout) {
				same = a.Stdout == b.Stdout
				b.Stdout = a.Stdout
			}
		case aspectError:
			same = a.Errors == b.Errors
			b.Errors = a.Errors
		case aspectDetail:
			if strings.HasPrefix(b.Errors, strings.TrimSuffix(a.Errors, "\n")) {
				same = a.Errors == b.Errors
				b.Errors = a.Errors
			}
		case aspectExit:
			same = a.Exit == b.Exit
			b.Exit = a.Exit
		}
		if same {
			stale = append(stale, fmt.Sprintf("$ %s\nsaid to deviate in %s (%s), but does not\n",
				ref.Line, aspect, ref.Deviates[aspect]))
		}
	}
	if a.text() == b.text() {
		return strings.Join(stale, "")
	}
	d := diff.Diff("reference", []byte(a.text()), "ours", []byte(b.text()))
	return fmt.Sprintf("$ %s\n%s%s", ref.Line, d, strings.Join(stale, ""))
}

// text lays an entry out for the diff; no two different entries share a text.
func (e *Entry) text() string {
	var out strings.Builder
	fmt.Fprintf(&out, "$ %s\n", e.Line)
	writeBlock(&out, "", e.Stdout)
	writeBlock(&out, "[borders] ", e.Borders)
	writeBlock(&out, "[stderr] ", e.Errors)
	fmt.Fprintf(&out, "[exit %d]\n", e.Exit)
	return out.String()
}

func writeBlock(out *strings.Builder, prefix, text string) {
	for line := range strings.Lines(text) {
		body, nl := strings.CutSuffix(line, "\n")
		if !isPlain(body) {
			body = strconv.Quote(body)
		}
		out.WriteString(prefix + body)
		if !nl {
			out.WriteString(" [no newline]")
		}
		out.WriteByte('\n')
	}
}

// isPlain reports whether a line can be shown unquoted.
func isPlain(s string) bool {
	if strings.HasPrefix(s, `"`) && strings.HasSuffix(s, `"`) && strings.Contains(s, `\`) {
		return false // would look like a quoted line
	}
	if strings.HasPrefix(s, "[exit ") || strings.HasPrefix(s, "[stderr] ") ||
		strings.HasPrefix(s, "[borders] ") || strings.HasSuffix(s, " [no newline]") {
		return false
	}
	return strconv.CanBackquote(strings.ReplaceAll(s, "`", "'"))
}

// errorLines returns the lines of a command's stderr that begin with "Error:".
func errorLines(stderr string) string {
	return linesOf(stderr, func(line string) bool { return strings.HasPrefix(line, "Error:") })
}

// withoutLogs returns the lines of a command's stderr but for its log.
func withoutLogs(stderr string) string {
	return linesOf(stderr, func(line string) bool { return !strings.HasPrefix(line, `{"level":`) })
}

func linesOf(text string, counts func(line string) bool) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		if counts(line) {
			out.WriteString(line)
		}
	}
	return out.String()
}

// dropRepeats drops a line that repeats the one before it: upstream's etcdutl prints its errors twice,
// and so does etcdctl 3.5.
func dropRepeats(text string) string {
	var out strings.Builder
	last := ""
	for line := range strings.Lines(text) {
		if line != last {
			out.WriteString(line)
		}
		last = line
	}
	return out.String()
}

// quoteArgs writes a command line so that it can be read, and typed, again.
func quoteArgs(args []string) string {
	quoted := make([]string, 0, len(args))
	for _, a := range args {
		if a == "" || strings.ContainsAny(a, " \t\n'\"\\$`*?<>|&;()[]{}#!~") {
			a = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
		quoted = append(quoted, a)
	}
	return strings.Join(quoted, " ")
}

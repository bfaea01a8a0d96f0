package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// errorsFlag is the flag that chooses how the error of a run is printed.
const errorsFlag = "errors"

// The values of --errors.
const (
	errorsText = "text"
	errorsJSON = "json"
)

// AddErrorsTo adds the flag --errors to a root command.
func AddErrorsTo(root *cobra.Command) {
	root.PersistentFlags().String(errorsFlag, errorsText, "how the error of a failed command is printed on standard error: text, or json for one object on the last line")
	CompleteFlag(root, errorsFlag, errorsText, errorsJSON)
}

// errorReport is the last line of standard error with --errors json;
// docs/exit-codes.md is its contract. All members are always present.
type errorReport struct {
	Error    string `json:"error"` // without hints
	Code     Code   `json:"code"`  // the exit code
	Endpoint string `json:"endpoint"`
	Cause    string `json:"cause"`
	Hint     string `json:"hint"` // the next step
}

// newErrorReport returns the report of an error. If the error has methods with
// details of a failed request, as those of package conn have, the report
// includes them. The lines after the first one are hints.
func newErrorReport(err error) errorReport {
	text, hint, _ := strings.Cut(strings.TrimSpace(err.Error()), "\n")
	r := errorReport{Error: text, Code: CodeOf(err), Hint: strings.ReplaceAll(hint, "\n", " ")}
	if e := (interface{ Endpoint() string })(nil); errors.As(err, &e) {
		r.Endpoint = e.Endpoint()
	}
	if e := (interface{ Cause() string })(nil); errors.As(err, &e) {
		r.Cause = e.Cause()
	}
	if e := (interface{ Hint() string })(nil); errors.As(err, &e) && r.Hint == "" {
		r.Hint = e.Hint()
	}
	return r
}

// write prints the report in a line.
func (r errorReport) write(w io.Writer) {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(r) // standard error can't be written to, so there is no way to report it
}

// errorsAsJSON reports whether the error of the run is to be printed as JSON. The
// command line may have been refused, so it is looked at apart from that.
func (p Program) errorsAsJSON(args []string) (bool, error) {
	switch v := p.Streams.early(p.Prefix, errorsFlag, args); v {
	case "", errorsText:
		return false, nil
	case errorsJSON:
		return true, nil
	default:
		return false, Exit(BadFeature, fmt.Errorf("invalid argument %q for \"--%s\" flag: use one of %s, %s", v, errorsFlag, errorsText, errorsJSON))
	}
}

package cli

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// flagError describes a faulty flag and names the help to read. A request for
// help is no error and passes through. After an unknown command any flag is
// unknown, so the error names the command.
func flagError(cmd *cobra.Command, err error) error {
	if errors.Is(err, pflag.ErrHelp) {
		return err
	}
	if !cmd.HasParent() {
		if unknown := UnknownCommand(cmd, cmd.Flags().Args()); unknown != nil {
			return unknown
		}
	}
	meant := ""
	if unknown := (*pflag.NotExistError)(nil); errors.As(err, &unknown) {
		if near := nearFlag(cmd.Flags(), unknown); near != "" {
			meant = "Did you mean " + near + "?\n"
		}
	}
	return fmt.Errorf("%w\n%sRun '%s --help' for usage.", FlagError(err), meant, cmd.CommandPath()) //nolint:revive,staticcheck // cobra's own shape for a wrong command
}

// FlagError returns pflag's error about a flag, with the values that the flag
// accepts in place of the error texts of Go's packages.
func FlagError(err error) error {
	bad := (*pflag.InvalidValueError)(nil)
	if !errors.As(err, &bad) {
		return err
	}
	accepted, meant := accepts(bad.GetFlag().Value.Type(), bad.GetValue(), bad.Unwrap())
	if accepted == "" {
		return err
	}
	if meant != "" {
		accepted += "; did you mean " + meant + "?"
	}
	name := "--" + bad.GetFlag().Name
	if f := bad.GetFlag(); f.Shorthand != "" && f.ShorthandDeprecated == "" {
		name = "-" + f.Shorthand + ", " + name
	}
	return &valueError{fmt.Sprintf("invalid argument %q for %q flag: %s", bad.GetValue(), name, accepted), err}
}

type valueError struct {
	text string
	err  error
}

func (e *valueError) Error() string { return e.text }
func (e *valueError) Unwrap() error { return e.err }

// accepts describes the values that a flag of the type accepts, and returns the
// value that was probably intended. Both are empty for types whose own errors
// say so.
func accepts(typ, value string, cause error) (accepted, meant string) {
	outOfRange := errors.Is(cause, strconv.ErrRange)
	switch {
	case strings.HasPrefix(typ, "int") && outOfRange, strings.HasPrefix(typ, "uint") && outOfRange:
		return "the number is too large", ""
	case strings.HasPrefix(typ, "int"):
		return "use a whole number such as 10", nearNumber(value)
	case strings.HasPrefix(typ, "uint"):
		if strings.HasPrefix(value, "-") {
			return "use a whole number that is not negative, such as 10", ""
		}
		return "use a whole number that is not negative, such as 10", nearNumber(value)
	case strings.HasPrefix(typ, "float"):
		return "use a number such as 0.5", ""
	case typ == "duration":
		return "use a number with a unit, such as 500ms, 5s, 1m30s or 2h", nearDuration(value)
	case typ == "bool":
		return "use true or false", nearBool(value)
	}
	return "", ""
}

// nearNumber returns the number that is written with separators, a fraction of
// zero or in words, or "".
func nearNumber(value string) string {
	value = strings.ToLower(strings.TrimSpace(value))
	for i, word := range []string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"} {
		if value == word {
			return strconv.Itoa(i)
		}
	}
	value = strings.NewReplacer(",", "", "_", "", " ", "", "'", "").Replace(value)
	whole, fraction, _ := strings.Cut(value, ".")
	factor := int64(1)
	for suffix, f := range map[string]int64{"k": 1000, "m": 1000 * 1000} {
		if cut, ok := strings.CutSuffix(whole, suffix); ok {
			whole, factor = cut, f
		}
	}
	n, err := strconv.ParseInt(whole, 10, 32)
	if err != nil || strings.Trim(fraction, "0") != "" {
		return ""
	}
	return strconv.FormatInt(n*factor, 10)
}

// durationShape matches a number and a possible unit. It is compiled when a value
// is wrong, which is rare.
//
//nolint:gochecknoglobals // a function that is never reassigned
var durationShape = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(\d+(?:\.\d+)?)\s*([a-zA-Zµ]*)$`) })

// nearDuration returns the duration that is written without a unit or with
// another name of one, or "".
func nearDuration(value string) string {
	m := durationShape().FindStringSubmatch(strings.TrimSpace(value))
	if m == nil {
		return ""
	}
	unit := strings.ToLower(m[2])
	switch unit {
	case "", "sec", "secs", "second", "seconds":
		unit = "s"
	case "msec", "msecs", "milli", "millis", "millisecond", "milliseconds":
		unit = "ms"
	case "min", "mins", "minute", "minutes":
		unit = "m"
	case "hr", "hrs", "hour", "hours":
		unit = "h"
	case "d", "day", "days":
		n, err := strconv.ParseInt(m[1], 10, 16)
		if err != nil {
			return ""
		}
		return strconv.FormatInt(n*24, 10) + "h"
	}
	if _, err := time.ParseDuration(m[1] + unit); err != nil {
		return ""
	}
	return m[1] + unit
}

// nearBool returns the boolean that a word for yes or no means, or "".
func nearBool(value string) string {
	switch strings.ToLower(strings.TrimSpace(value)) {
	case "yes", "y", "on", "true":
		return "true"
	case "no", "n", "off", "false":
		return "false"
	}
	return ""
}

package increment

import (
	"fmt"
	"path"
	"strconv"
	"strings"
)

// Dir is the directory of all increments in a repository.
const Dir = "increments"

const suffix = ".increment"

// object names the object of an increment. Those that were not merged are named
// by their number alone, so that only one can be stored with it.
func (m *Manifest) object() string {
	name := fmt.Sprintf("%010d", m.First)
	if m.Merged() {
		name += fmt.Sprintf("-%010d", m.Last)
	}
	return path.Join(Dir, m.Line, name+suffix)
}

// ParseName returns what the name of an object says, if it is that of an
// increment.
func ParseName(object string) (line string, first, last int64, ok bool) {
	rest, below := strings.CutPrefix(object, Dir+"/")
	rest, named := strings.CutSuffix(rest, suffix)
	line, numbers, placed := strings.Cut(rest, "/")
	if !below || !named || !placed || line == "" || len(line) > 100 || strings.Trim(line, lineLetters) != "" {
		return "", 0, 0, false
	}
	from, to, merged := strings.Cut(numbers, "-")
	if !merged {
		to = from
	}
	first, last = number(from), number(to)
	return line, first, last, first > 0 && last >= first
}

// lineLetters are those that the name of a line may have.
const lineLetters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-"

// number reads a number of ten digits, 0 for anything else.
func number(s string) int64 {
	if len(s) != 10 || strings.Trim(s, "0123456789") != "" {
		return 0
	}
	n, _ := strconv.ParseInt(s, 10, 64) // ten digits
	return n
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

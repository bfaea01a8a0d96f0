package increment

import (
	"fmt"
	"path"
	"regexp"
	"strconv"
)

// Dir is the directory of all increments in a repository.
const Dir = "increments"

const suffix = ".increment"

// namePattern: the line, and the numbers of the first and, if merged, last one.
var namePattern = regexp.MustCompile(`^` + Dir + `/([0-9A-Za-z-]{1,100})/([0-9]{10})(?:-([0-9]{10}))?\.increment$`)

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
	m := namePattern.FindStringSubmatch(object)
	if m == nil {
		return "", 0, 0, false
	}
	first, _ = strconv.ParseInt(m[2], 10, 64) // ten digits
	last = first
	if m[3] != "" {
		last, _ = strconv.ParseInt(m[3], 10, 64)
	}
	return m[1], first, last, first > 0 && last >= first
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

// Package id reads the ids of members and leases as any command prints them.
// It imports nothing of this module.
package id

import (
	"strconv"
	"strings"
)

// hexLen is the number of digits of the longest id in hexadecimal.
const hexLen = 16

// Parse reads the id of a member: hexadecimal, as simple and table print it, or
// decimal, as json and fields print it. A decimal id has the prefix 0d, or more
// digits than an id in hexadecimal can have. The error is that of
// strconv.ParseUint.
func Parse(text string) (uint64, error) {
	text, base := split(text)
	return strconv.ParseUint(text, base, 64)
}

// ParseLease reads the id of a lease, which is not negative, as [Parse] does. The
// error is that of strconv.ParseInt.
func ParseLease(text string) (int64, error) {
	text, base := split(text)
	return strconv.ParseInt(text, base, 64)
}

// split returns the digits of an id and their base. Leases are printed with as
// many digits as there can be, so 0d may also begin such an id in hexadecimal.
func split(text string) (digits string, base int) {
	if rest, ok := strings.CutPrefix(text, "0d"); ok && len(text) != hexLen && decimal(rest) {
		return rest, 10
	}
	if len(text) > hexLen && text[0] != '0' && decimal(text) {
		return text, 10
	}
	return text, 16
}

func decimal(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

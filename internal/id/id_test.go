package id

import (
	"fmt"
	"math"
	"strconv"
	"testing"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]uint64{
		"8e9e05c52164694d":       0x8e9e05c52164694d,
		"abc":                    0xabc,
		"10":                     0x10,
		"1234567890123456":       0x1234567890123456,
		"10276657743932975437":   10276657743932975437,
		"0d10276657743932975437": 10276657743932975437,
		"0d12":                   12,
		"0dab":                   0xdab,
		"0d":                     0xd,
		"0d23456789012345":       0x0d23456789012345, // a lease in its printed form
		"00000000000000000a":     0xa,
		"00000000000000000000":   0,
	} {
		if got, err := Parse(text); err != nil || got != want {
			t.Errorf("%q: got %d, %v, want %d", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"":                       `strconv.ParseUint: parsing "": invalid syntax`,
		"zz":                     `strconv.ParseUint: parsing "zz": invalid syntax`,
		"0d99999999999999999999": `strconv.ParseUint: parsing "99999999999999999999": value out of range`,
	} {
		if _, err := Parse(text); err == nil || err.Error() != want {
			t.Errorf("%q: got error %v, want %s", text, err, want)
		}
	}
}

// Every form in which a command prints an id is read as that id.
func TestPrintedForms(t *testing.T) {
	t.Parallel()
	for _, id := range []int64{1, 9, 0xd, 0x0d23456789012345, 7587870242356957451, 1 << 53, math.MaxInt64} {
		for _, text := range []string{
			fmt.Sprintf("%016x", id), strconv.FormatInt(id, 16), "0d" + strconv.FormatInt(id, 10),
		} {
			if got, err := ParseLease(text); err != nil || got != id {
				t.Errorf("%s: got %d, %v, want %d", text, got, err, id)
			}
		}
		if text := strconv.FormatInt(id, 10); len(text) > hexLen {
			if got, err := ParseLease(text); err != nil || got != id {
				t.Errorf("%s: got %d, %v, want %d", text, got, err, id)
			}
		}
	}
}

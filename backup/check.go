package backup

import (
	"fmt"
	"slices"
	"time"
)

// Health is what a check for monitors finds.
type Health struct {
	Newest *Backup // good; nil if there is none
	Age    time.Duration
	Median int64 // size of the snapshots of up to ten backups before the newest; 0 if there are none
	// TooOld and Shrunk say what is wrong, "" if nothing is.
	TooOld, Shrunk string
}

// Limits are what a check demands.
type Limits struct {
	MaxAge       time.Duration
	MinSizeRatio float64 // of the newest snapshot's size to the median; 0 demands nothing
}

// medianOf is how many earlier backups the size is compared with.
const medianOf = 10

// Check compares the newest good and verified backup with the limits. Backups
// that were saved without verification do not count until they are verified.
func (l *Listing) Check(now time.Time, limits Limits) Health {
	var h Health
	var sizes []int64
	for _, b := range l.Backups {
		if _, how := b.Verification(); how == None {
			continue
		}
		if h.Newest == nil {
			h.Newest = b
		} else if len(sizes) < medianOf {
			sizes = append(sizes, b.Plain.Size)
		}
	}
	if h.Newest == nil {
		h.TooOld = "there is no verified backup" + l.others()
		return h
	}
	h.Age = now.Sub(h.Newest.Time)
	switch {
	case h.Age > limits.MaxAge:
		h.TooOld = fmt.Sprintf("the newest verified backup, %s, is %s old; more than %s", h.Newest.Name, h.Age.Truncate(time.Second), limits.MaxAge)
	case h.Age < -clockSkew:
		h.TooOld = fmt.Sprintf("the newest backup, %s, is from the future: check the clocks", h.Newest.Name)
	}
	if len(sizes) > 0 {
		slices.Sort(sizes)
		h.Median = sizes[len(sizes)/2]
		if size := h.Newest.Plain.Size; float64(size) < limits.MinSizeRatio*float64(h.Median) {
			h.Shrunk = fmt.Sprintf("%s has %d bytes, but the backups before it have %d: less than %g of it", h.Newest.Name, size, h.Median, limits.MinSizeRatio)
		}
	}
	return h
}

// clockSkew is how far a backup may be in the future.
const clockSkew = 5 * time.Minute

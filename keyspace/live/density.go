package live

import (
	"bytes"
	"math/big"

	"go.etcd.io/etcd/api/v3/mvccpb"
)

// density estimates how far the next keys reach from those between two others.
// It treats keys as numbers: the digits of a position are the bytes that keys
// have there. A wrong estimate costs time and nothing else.
//
// Measured on 600,000 keys, in the time of upstream's one request, against plain
// pages of 16 MiB one after the other: kube-shaped keys on 3.6 0.67 against 0.98
// (on 3.5, 0.67 against 0.89), deep paths on 3.6 0.88 against 1.61, UUIDs on 3.5
// 0.50 against 1.27; peak memory 96 to 119 MiB against 245 to 288 MiB.
type density struct {
	from, to   string
	times, per int64    // the next part is so many times as wide
	seen       letters  // in any key
	sample     [][]byte // some keys of late
}

const (
	// samples is how many keys are looked at of a page.
	samples = 64
	// wider is the largest factor by which the next part may be wider than the
	// last one if that held hardly any keys. A larger factor would save
	// requests in empty regions, but makes the server count more of the keys
	// after them.
	wider = 8
	// precision is how many positions are reckoned with, to both sides of the
	// first one that the two keys differ in.
	precision = 6
)

// learn records that there are these keys between from and to, of which there
// should have been want.
func (d *density) learn(from, to string, want int64, kvs []*mvccpb.KeyValue) {
	n := int64(len(kvs))
	d.from, d.to, d.times, d.per = from, to, want, n
	if n*wider < want {
		d.times, d.per = wider, 1
	}
	if n == 0 {
		return
	}
	d.sample = d.sample[:0]
	for i := int64(0); i < n; i += max(1, n/samples) {
		key := bytes.Clone(kvs[i].GetKey())
		d.sample = append(d.sample, key)
		for _, b := range key {
			d.seen[b] = true
		}
	}
}

// end returns the end of a part that begins with key and should hold as many
// keys as were wanted of the last. It is at most bound, and bound where nothing
// is known.
func (d *density) end(key, bound string) string {
	same := 0
	for same < min(len(d.from), len(d.to)) && d.from[same] == d.to[same] {
		same++
	}
	first := min(max(0, same-precision), len(key))
	last := same + precision
	if d.per == 0 || last-first > 8*precision {
		return bound
	}
	n := number{prefix: key[:first]}
	for at := first; at < last; at++ {
		n.digits = append(n.digits, d.letters(at))
	}
	step := n.value(d.to, first)
	step.Sub(step, n.value(d.from, first))
	step.Mul(step, big.NewInt(d.times)).Div(step, big.NewInt(d.per))
	if step.Sign() <= 0 {
		step.SetInt64(1)
	}
	end, ok := n.key(step.Add(step, n.value(key, first)))
	if !ok || end <= key || bound != "\x00" && end >= bound {
		return bound
	}
	return end
}

// letters returns, in order, the bytes to expect at a position of a key.
func (d *density) letters(at int) []byte {
	var here letters
	for _, key := range d.sample {
		if at < len(key) {
			here[key[at]] = true
		}
	}
	for _, usual := range []string{"0123456789", "0123456789abcdef"} {
		if list := here.list(); len(list) > 0 && len(bytes.Trim(list, usual)) == 0 {
			return []byte(usual)
		}
	}
	if list := d.seen.list(); len(list) > 1 {
		return list
	}
	return []byte{0, 255}
}

// letters is a set of bytes.
type letters [256]bool

func (l *letters) list() (list []byte) {
	for b, in := range l {
		if in {
			list = append(list, byte(b))
		}
	}
	return list
}

// number reckons with some positions of keys that begin alike.
type number struct {
	prefix string
	digits [][]byte // the range that each position counts
}

// value returns the number of a key whose digits begin at first. A byte that is
// not a digit counts as the next digit.
func (n number) value(key string, first int) *big.Int {
	v := new(big.Int)
	for i, digits := range n.digits {
		rank := 0
		if first+i < len(key) {
			for rank < len(digits) && digits[rank] < key[first+i] {
				rank++
			}
		}
		v.Mul(v, big.NewInt(int64(len(digits)))).Add(v, big.NewInt(int64(rank)))
	}
	return v
}

// key returns the key of a number; where that has too many digits, the first
// key that does not begin with the prefix. The latter may not exist.
func (n number) key(v *big.Int) (string, bool) {
	key := []byte(n.prefix)
	key = append(key, make([]byte, len(n.digits))...)
	digit := new(big.Int)
	for i := len(n.digits) - 1; i >= 0; i-- {
		digits := n.digits[i]
		v.DivMod(v, big.NewInt(int64(len(digits))), digit)
		key[len(n.prefix)+i] = digits[digit.Int64()]
	}
	if v.Sign() == 0 {
		return string(key), true
	}
	for i := len(n.prefix) - 1; i >= 0; i-- {
		if n.prefix[i] != 0xff {
			return n.prefix[:i] + string([]byte{n.prefix[i] + 1}), true
		}
	}
	return "", false
}

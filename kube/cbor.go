package kube

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// cborPrefix begins a value in CBOR: the tag by which CBOR describes itself.
const cborPrefix = "\xd9\xd9\xf7"

var errCBORCut = errors.New("CBOR ends within a value")

// The major types of RFC 8949, and the additional information that is no length.
const (
	cborUint = iota
	cborNegative
	cborBytes
	cborText
	cborArray
	cborMap
	cborTag
	cborSimple

	cborIndefinite = 31
)

// The tags that ask for an encoding of the bytes that follow, when they become JSON.
const (
	tagBase64URL = 21
	tagBase64    = 22
	tagHex       = 23
)

// cbor turns CBOR into JSON as Kubernetes does: bytes are text unless a tag asks
// for an encoding.
type cbor struct {
	in    []byte
	out   []byte
	depth int
}

// appendCBOR appends the JSON of one CBOR value.
func appendCBOR(out, b []byte) ([]byte, error) {
	c := cbor{in: b, out: out}
	if err := c.value(0); err != nil {
		return out, err
	}
	if len(c.in) > 0 {
		return out, fmt.Errorf("CBOR value with %d more bytes after it", len(c.in))
	}
	return c.out, nil
}

// head reads the first bytes of a value: its major type, its additional information
// and its argument.
func (c *cbor) head() (major, info byte, arg uint64, err error) {
	if len(c.in) == 0 {
		return 0, 0, 0, errCBORCut
	}
	major, info = c.in[0]>>5, c.in[0]&31
	c.in = c.in[1:]
	switch {
	case info < 24:
		return major, info, uint64(info), nil
	case info == cborIndefinite:
		return major, info, 0, nil
	case info > 27:
		return 0, 0, 0, fmt.Errorf("CBOR with the reserved length %d", info)
	}
	size := 1 << (info - 24)
	if len(c.in) < size {
		return 0, 0, 0, errCBORCut
	}
	var b [8]byte
	copy(b[8-size:], c.in)
	c.in = c.in[size:]
	return major, info, binary.BigEndian.Uint64(b[:]), nil
}

// value appends a value; tag is the one before it, or 0.
func (c *cbor) value(tag uint64) error {
	if c.depth++; c.depth > maxDepth {
		return errDepth
	}
	defer func() { c.depth-- }()
	major, info, arg, err := c.head()
	if err != nil {
		return err
	}
	switch major {
	case cborUint:
		c.out = strconv.AppendUint(c.out, arg, 10)
	case cborNegative:
		if arg > math.MaxInt64 {
			return errors.New("CBOR with a number below the range of 64 bits")
		}
		c.out = strconv.AppendInt(c.out, -1-int64(arg), 10)
	case cborBytes, cborText:
		s, err := c.text(major, info, arg)
		if err != nil {
			return err
		}
		c.string(s, major, tag)
	case cborArray:
		return c.array(info, arg)
	case cborMap:
		return c.object(info, arg)
	case cborTag:
		return c.value(arg)
	default:
		return c.simple(info, arg)
	}
	return nil
}

// text reads the bytes of a string, which may come in parts.
func (c *cbor) text(major, info byte, size uint64) ([]byte, error) {
	if info != cborIndefinite {
		if size > uint64(len(c.in)) {
			return nil, errCBORCut
		}
		s := c.in[:size]
		c.in = c.in[size:]
		return s, nil
	}
	var all []byte
	for !c.ends() {
		m, i, size, err := c.head()
		if err != nil {
			return nil, err
		}
		if m != major || i == cborIndefinite {
			return nil, errors.New("CBOR string with a part that is no string")
		}
		part, err := c.text(m, i, size)
		if err != nil {
			return nil, err
		}
		all = append(all, part...)
	}
	return all, nil
}

// ends consumes the end of a value of indefinite length, if it is next.
func (c *cbor) ends() bool {
	if len(c.in) > 0 && c.in[0] == 0xff {
		c.in = c.in[1:]
		return true
	}
	return false
}

func (c *cbor) string(s []byte, major byte, tag uint64) {
	if major == cborBytes {
		switch tag {
		case tagBase64:
			c.out = appendBase64(c.out, s)
			return
		case tagBase64URL:
			s = base64.RawURLEncoding.AppendEncode(nil, s)
		case tagHex:
			s = hex.AppendEncode(nil, s)
		}
	}
	c.out = appendString(c.out, s)
}

// elements calls f for each element of an array or pair of a map.
func (c *cbor) elements(info byte, n uint64, f func() error) error {
	for i := uint64(0); info == cborIndefinite || i < n; i++ {
		if info == cborIndefinite && c.ends() {
			break
		}
		if i > 0 {
			c.out = append(c.out, ',')
		}
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

func (c *cbor) array(info byte, n uint64) error {
	c.out = append(c.out, '[')
	err := c.elements(info, n, func() error { return c.value(0) })
	c.out = append(c.out, ']')
	return err
}

func (c *cbor) object(info byte, n uint64) error {
	c.out = append(c.out, '{')
	err := c.elements(info, n, func() error {
		if len(c.in) == 0 {
			return errCBORCut
		}
		if major := c.in[0] >> 5; major != cborBytes && major != cborText {
			return errors.New("CBOR map with a key that is no string")
		}
		if err := c.value(0); err != nil {
			return err
		}
		c.out = append(c.out, ':')
		return c.value(0)
	})
	c.out = append(c.out, '}')
	return err
}

func (c *cbor) simple(info byte, arg uint64) error {
	switch info {
	case 20, 21:
		c.out = strconv.AppendBool(c.out, info == 21)
	case 22, 23:
		c.out = append(c.out, "null"...)
	case 25:
		c.out = appendFloat(c.out, half(uint16(arg)), kindDouble)
	case 26:
		c.out = appendFloat(c.out, float64(math.Float32frombits(uint32(arg))), kindDouble)
	case 27:
		c.out = appendFloat(c.out, math.Float64frombits(arg), kindDouble)
	default:
		return fmt.Errorf("CBOR with the simple value %d", arg)
	}
	return nil
}

// half returns a number of half precision.
func half(b uint16) float64 {
	sign, exp, frac := float64(1), int(b>>10&31), float64(b&0x3ff)
	if b>>15 != 0 {
		sign = -1
	}
	switch exp {
	case 0:
		return sign * math.Ldexp(frac, -24)
	case 31:
		if frac != 0 {
			return math.NaN()
		}
		return sign * math.Inf(1)
	}
	return sign * math.Ldexp(frac+1024, exp-25)
}

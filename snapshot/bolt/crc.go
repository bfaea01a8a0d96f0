package bolt

// castagnoli is the reversed polynomial of CRC-32C, as in hash/crc32.
const castagnoli = 0x82f63b78

// joinCRC returns the CRC-32C of two pieces of data in a row, of which the
// second has n bytes. Appending n bytes multiplies a CRC by x^8n modulo the
// polynomial, and the rest is linear (M. Adler, zlib, crc32_combine).
func joinCRC(first, second uint32, n int64) uint32 {
	power, square := uint32(1)<<31, uint32(1)<<23 // x^0 and x^8, bits reversed
	for ; n > 0; n >>= 1 {
		if n&1 != 0 {
			power = mulCRC(power, square)
		}
		square = mulCRC(square, square)
	}
	return mulCRC(power, first) ^ second
}

// mulCRC multiplies two polynomials modulo that of CRC-32C.
func mulCRC(a, b uint32) uint32 {
	var product uint32
	for bit := uint32(1) << 31; bit != 0; bit >>= 1 {
		if a&bit != 0 {
			product ^= b
		}
		carry := b & 1
		b >>= 1
		if carry != 0 {
			b ^= castagnoli
		}
	}
	return product
}

// SPDX-License-Identifier: GPL-2.0
/*
 * mptcp.c - enough of a Multipath TCP client (RFC 8684) to join a connection
 *
 * A client's key is made from its flow's initial sequence number, its nonce too;
 * the server's come from the SYN-ACKs. A token is the head of a key's SHA-256.
 */
#include <stdio.h>
#include <string.h>

#include "drive.h"

enum { OPT_MPTCP = 30, KEY = 8, DIGEST = 32, BLOCK = 64 };

static uint32_t ror(uint32_t v, int n)
{
	return v >> n | v << (32 - n);
}

/* The round constants are the fractions of the cube roots of the first 64 primes. */
static const uint32_t rounds[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2
};

static void sha256_block(uint32_t *h, const uint8_t *p)
{
	uint32_t w[64], s[8], a, b;
	int i;

	for (i = 0; i < 16; i++, p += 4)
		w[i] = (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
	for (; i < 64; i++) {
		a = ror(w[i - 15], 7) ^ ror(w[i - 15], 18) ^ w[i - 15] >> 3;
		b = ror(w[i - 2], 17) ^ ror(w[i - 2], 19) ^ w[i - 2] >> 10;
		w[i] = w[i - 16] + a + w[i - 7] + b;
	}
	memcpy(s, h, sizeof(s));
	for (i = 0; i < 64; i++) {
		a = s[7] + (ror(s[4], 6) ^ ror(s[4], 11) ^ ror(s[4], 25)) +
		    ((s[4] & s[5]) ^ (~s[4] & s[6])) + rounds[i] + w[i];
		b = (ror(s[0], 2) ^ ror(s[0], 13) ^ ror(s[0], 22)) +
		    ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
		memmove(s + 1, s, 7 * sizeof(s[0]));
		s[4] += a;
		s[0] = a + b;
	}
	for (i = 0; i < 8; i++)
		h[i] += s[i];
}

/* Short messages only: all of ours fit into three blocks. */
static void sha256(const uint8_t *msg, size_t len, uint8_t *out)
{
	uint32_t h[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
			  0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
	uint8_t buf[3 * BLOCK] = { 0 };
	size_t total = (len + 9 + BLOCK - 1) / BLOCK * BLOCK, i;

	memcpy(buf, msg, len);
	buf[len] = 0x80;
	buf[total - 2] = len * 8 >> 8;
	buf[total - 1] = len * 8 & 0xff;
	for (i = 0; i < total; i += BLOCK)
		sha256_block(h, buf + i);
	for (i = 0; i < DIGEST; i++)
		out[i] = h[i / 4] >> (24 - i % 4 * 8);
}

static void hmac(const uint8_t *key, size_t key_len, const uint8_t *msg, size_t len, uint8_t *out)
{
	uint8_t in[2 * BLOCK], outer[BLOCK + DIGEST];
	size_t i;

	for (i = 0; i < BLOCK; i++) {
		in[i] = 0x36 ^ (i < key_len ? key[i] : 0);
		outer[i] = 0x5c ^ (i < key_len ? key[i] : 0);
	}
	memcpy(in + BLOCK, msg, len);
	sha256(in, BLOCK + len, outer + BLOCK);
	sha256(outer, sizeof(outer), out);
}

static void client_key(const struct flow *f, uint8_t *key)
{
	memcpy(key, "lq", 2);
	memcpy(key + 2, &f->sport, 2);
	memcpy(key + 4, &f->isn, 4);
}

static bool capable(const struct flow *f, bool syn, uint8_t *o)
{
	o[0] = OPT_MPTCP;
	o[1] = syn ? 4 : 20;
	o[2] = 0x01;			/* MP_CAPABLE, version 1 */
	o[3] = 0x01;			/* HMAC-SHA256 */
	client_key(f, o + 4);
	memcpy(o + 4 + KEY, f->peer_key, KEY);
	return syn || f->has_peer_key;
}

static bool join(const struct flow *f, const struct flow *of, bool syn, bool wrong, uint8_t *o)
{
	uint8_t keys[2 * KEY], digest[DIGEST], nonces[8];

	memset(o, 0, 24);
	o[0] = OPT_MPTCP;
	o[1] = syn ? 12 : 24;
	o[2] = 0x10;			/* MP_JOIN */
	if (syn) {
		o[3] = 1;		/* address id */
		sha256(of->peer_key, KEY, digest);
		memcpy(o + 4, digest, 4);
		memcpy(o + 8, &f->isn, 4);
		return of->has_peer_key;
	}
	client_key(of, keys);
	memcpy(keys + KEY, of->peer_key, KEY);
	memcpy(nonces, &f->isn, 4);
	memcpy(nonces + 4, f->peer_nonce, 4);
	hmac(keys, sizeof(keys), nonces, sizeof(nonces), digest);
	memcpy(o + 4, digest, 20);
	o[4] ^= wrong;
	return true;
}

/* mpc | mpj FLOW | mpj-wrong FLOW: the option that fits the segment's flags. */
bool mptcp_option(const char *word, const struct flow *f, const struct flow *of, bool syn,
		  struct tcp_options *o)
{
	bool ok;

	if (!strcmp(word, "mpc"))
		ok = capable(f, syn, o->raw);
	else
		ok = of && join(f, of, syn, !strcmp(word, "mpj-wrong"), o->raw);
	o->raw_len = o->raw[1];
	if (!ok)
		fail("%s: no key of the server is known", word);
	return ok;
}

/* Keeps the server's key or nonce of a SYN-ACK. */
void mptcp_learn(struct flow *f, const struct tcp_options *o)
{
	if (o->raw_len == 12 && o->raw[2] >> 4 == 0) {
		memcpy(f->peer_key, o->raw + 4, KEY);
		f->has_peer_key = true;
	} else if (o->raw_len == 16 && o->raw[2] >> 4 == 1) {
		memcpy(f->peer_nonce, o->raw + 12, 4);
	}
}

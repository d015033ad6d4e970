/* SPDX-License-Identifier: GPL-2.0 */
/*
 * config.h - what commands say of an endpoint that is taken over
 */
#ifndef LISTENQ_CONFIG_H
#define LISTENQ_CONFIG_H

#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/jiffies.h>
#include <linux/types.h>

/* X(name): the words of cookies= */
#define LQ_COOKIE_WORDS(X) X(never) X(overflow) X(always)
enum lq_cookie_mode { LQ_COOKIES_never, LQ_COOKIES_overflow, LQ_COOKIES_always };

/* X(name): the words of overflow= */
#define LQ_OVERFLOW_WORDS(X) X(wait) X(reset) X(park)
enum lq_overflow_mode { LQ_OVERFLOW_wait, LQ_OVERFLOW_reset, LQ_OVERFLOW_park };

/* X(name, least, most): the keys of takeover and set, and their ranges. */
#define LQ_SETTINGS(X)							\
	X(synq, 1, 16777216)	/* records */				\
	X(cookies, 0, 2)						\
	X(retries, 0, 255)	/* SYN-ACKs repeated */			\
	X(timeout_ms, 1, 120000)	/* until the first is repeated */	\
	X(overflow, 0, 2)						\
	X(defer, 0, 255)	/* SYN-ACK timers that a bare last ACK waits */ \
	X(park, 1, 16777216)	/* records that are parked */		\
	X(park_bytes, 0, 65535)	/* data of each that is kept */		\
	X(lease_ms, 0, 86400000)	/* until it is released by itself, 0: never */

#define LQ_SETTING_ENUM(name, least, most) LQ_SETTING_##name,
enum lq_setting { LQ_SETTINGS(LQ_SETTING_ENUM) LQ_SETTING_count };
#undef LQ_SETTING_ENUM

/**
 * struct lq_config - what commands said of an endpoint
 * @value: by enum lq_setting
 * @set: bit for each that was said; the others follow the listener and its namespace
 */
struct lq_config {
	u32 value[LQ_SETTING_count];
	u32 set;
};

/* What was said of one, or @otherwise. */
static inline u32 lq_config_or(const struct lq_config *config, enum lq_setting setting,
			       u32 otherwise)
{
	return READ_ONCE(config->set) & BIT(setting) ? READ_ONCE(config->value[setting]) :
						       otherwise;
}

/* What another command says of the same endpoint: its words replace, the others stay. */
static inline void lq_config_merge(struct lq_config *config, const struct lq_config *change)
{
	int key;

	for (key = 0; key < LQ_SETTING_count; key++)
		if (change->set & BIT(key))
			WRITE_ONCE(config->value[key], change->value[key]);
	WRITE_ONCE(config->set, config->set | change->set);
}

/* lease_ms=0 is none, too. */
static inline bool lq_has_lease(const struct lq_config *config)
{
	return lq_config_or(config, LQ_SETTING_lease_ms, 0);
}

/* @lease: as lq_lease_renew() has set it. */
static inline bool lq_lease_has_ended(const struct lq_config *config, u64 lease)
{
	return lq_has_lease(config) && time_after_eq64(get_jiffies_64(), lease);
}

/**
 * lq_lease_renew() - a lease begins
 * @lease: set to jiffies when it ends
 * @config: what commands said
 */
static inline void lq_lease_renew(u64 *lease, const struct lq_config *config)
{
	*lease = get_jiffies_64() + msecs_to_jiffies(config->value[LQ_SETTING_lease_ms]);
}

#endif

/* The fused multiply-adds that one core can do: twelve chains that do not wait for each other, held in registers.
   Two units with a latency of five need ten chains; twelve and two constants fit the sixteen registers of AVX2. */
#include <stdint.h>

#if defined(__AVX512F__)
enum { BYTES = 64 };
#elif defined(__AVX__)
enum { BYTES = 32 };
#else
enum { BYTES = 16 };
#endif
enum { CHAINS = 12 };

typedef float lanes __attribute__((vector_size(BYTES)));

int vector_bytes(void) { return BYTES; }

/* Does `rounds` rounds and returns their floating-point operations; `out` receives a result, so that they are done. */
double multiply_add(int64_t rounds, float *out) {
    lanes chain[CHAINS], factor = {0}, term = {0}, sum = {0};
    factor += 0.999f, term += 1e-3f; /* all tend to 1: no denormals, no infinities */
    for (int i = 0; i < CHAINS; i++) chain[i] = sum + (float)(i + 2); /* not 1: a compiler sees that it stays */
    for (int64_t r = 0; r < rounds; r++)
        for (int i = 0; i < CHAINS; i++) chain[i] = chain[i] * factor + term;
    for (int i = 0; i < CHAINS; i++) sum += chain[i];
    *out = sum[0];
    return 2.0 * CHAINS * (BYTES / sizeof(float)) * (double)rounds;
}

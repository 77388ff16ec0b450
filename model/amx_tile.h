/* A correct _tile_loadconfig, force-included when llama.cpp is compiled.
 *
 * GCC 12 declares the 64-byte operand of its own _tile_loadconfig as 8 bytes, so it
 * deletes the stores to the rest of the configuration and ldtilecfg faults
 * (llama.cpp#20824). Here the operand is as large as it is. Used by model/llama_build.py.
 */
#if defined(__x86_64__) && defined(__AMX_TILE__) && defined(__GNUC__) && !defined(__clang__)
#include <immintrin.h>
#undef _tile_loadconfig
#define _tile_loadconfig(config) columnist_tile_loadconfig(config)
static inline __attribute__((always_inline, unused)) void
columnist_tile_loadconfig(const void *config) {
    __asm__ volatile("ldtilecfg %0" : : "m"(*(const char (*)[64])config));
}
#endif

// Closes a region opened by begin_avx2.h or begin_avx512.h.
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

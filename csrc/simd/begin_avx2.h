// Opens a region compiled for AVX2 + FMA. No include guard: used once per region, closed by end_isa.h.
// Include every standard header BEFORE the region, or its inline functions get compiled for AVX2 and the
// linker may keep that copy for everyone.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,bmi,bmi2,lzcnt,popcnt"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,bmi,bmi2,lzcnt,popcnt")
#endif

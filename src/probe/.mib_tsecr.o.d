mib_tsecr.o: /work/main/src/probe/mib_tsecr.c \
 /usr/src/linux-headers-6.1.0-56-common/include/linux/compiler-version.h \
 /usr/src/linux-headers-6.1.0-56-common/include/linux/kconfig.h \
 include/generated/autoconf.h \
 /usr/src/linux-headers-6.1.0-56-common/include/linux/compiler_types.h \
 /usr/src/linux-headers-6.1.0-56-common/include/linux/compiler_attributes.h \
 /usr/src/linux-headers-6.1.0-56-common/include/linux/compiler-gcc.h \
 /usr/src/linux-headers-6.1.0-56-common/include/uapi/linux/snmp.h
